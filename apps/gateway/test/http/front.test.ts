import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request } from 'undici';
import { type Principal, root } from '../../src/access/principal.ts';
import { type Answered, answeredText } from '../../src/http/access-log.ts';
import { type Admit, createFront } from '../../src/http/front.ts';
import { ReadyAnswers } from '../../src/http/ready-answers.ts';
import { Revisions } from '../../src/inventory/revisions.ts';
import { Tallies } from '../../src/metrics/tallies.ts';

const path = '/v1/clusters?limit=2';
/** Who is known, by the header that they send, and what each may see. */
const sights: Record<string, string> = { root: 'all', admin: 'all', edge: 'two', shop: 'two', lab: 'one' };

describe('the front', () => {
  let server: Server;
  let url: string;
  let admit: Admit | undefined;
  let ready: ReadyAnswers;
  let said: Answered[];
  let tallies: Tallies;

  beforeAll(async () => {
    const known = (id = ''): Principal | undefined => (sights[id] ? { ...root, id } : undefined);
    const front = createFront({
      authentications: { known },
      ready: ({ id }, asked, now) => ready.find(sights[id] as string, asked, now),
      access: { say: (answered) => void said.push(answered), flush: () => undefined },
      admit: (principal, message, tell) => (admit ? admit(principal, message, tell) : tell('')),
    });
    server = createServer((message, response) =>
      front(message, response, () => response.writeHead(299).end('the framework')),
    ).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  beforeEach(() => {
    const revisions = new Revisions();
    revisions.trust(true);
    tallies = new Tallies();
    ready = new ReadyAnswers(revisions, tallies);
    admit = undefined;
    said = [];
  });

  afterAll(() => new Promise((resolve) => server.close(resolve)));

  /** Keeps an answer for those that see what this one sees. */
  function keepFor(sight: string): void {
    const answer = {
      text: '{"data":["\u00fc"]',
      etag: 'W/"1"',
      complete: true,
      revision: 0,
      kinds: ['cluster' as const],
      validUntil: Number.POSITIVE_INFINITY,
    };
    ready.keep(sight, path, answer, '/v1/clusters'); // asked for once
    ready.keep(sight, path, answer, '/v1/clusters');
  }

  async function ask(who: string, headers: Record<string, string> = {}) {
    const answer = await request(`${url}${path}`, { headers: { authorization: who, ...headers } });
    return {
      status: answer.statusCode,
      headers: answer.headers,
      text: await answer.body.text(),
    };
  }

  it('writes what is ready, with the id of the request behind it', async () => {
    keepFor('all');
    const answer = await ask('root', { 'X-Request-Id': 'request-0001' });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toEqual({ data: ['\u00fc'], requestId: 'request-0001' });
    expect(answer.headers).toMatchObject({ 'x-request-id': 'request-0001', etag: 'W/"1"' });
    expect(said).toMatchObject([
      { id: 'request-0001', answered: answeredText('GET', '/v1/clusters', 200), principal: 'root' },
    ]);
  });

  it('counts what it gives, by route and status', async () => {
    keepFor('all');
    await ask('root');
    await ask('root');
    await ask('root', { 'If-None-Match': 'W/"1"' });
    expect([...tallies]).toEqual([
      [{ route: '/v1/clusters', method: 'GET', status: '200', ready: 'yes' }, 2],
      [{ route: '/v1/clusters', method: 'GET', status: '304', ready: 'yes' }, 1],
    ]);
  });

  it('gives what was made for one to those that see the same, and to no other', async () => {
    keepFor('two');
    expect((await ask('edge')).status).toBe(200);
    expect((await ask('shop')).status).toBe(200);
    expect((await ask('lab')).status).toBe(299);
    expect((await ask('root')).status).toBe(299);
  });

  it.each(['at once', 'later'])('sends along the headers of an admission that comes %s', async (when) => {
    keepFor('all');
    const headers = 'x-ratelimit-limit: 100\r\nx-ratelimit-remaining: 99\r\n';
    admit = (_, __, tell) => void (when === 'later' ? setImmediate(tell, headers) : tell(headers));
    const limits = { 'x-ratelimit-limit': '100', 'x-ratelimit-remaining': '99' };
    const whole = await ask('root');
    expect([whole.status, whole.headers]).toMatchObject([200, limits]);
    const unchanged = await ask('root', { 'If-None-Match': 'W/"1"' });
    expect([unchanged.status, unchanged.headers]).toMatchObject([304, limits]);
  });

  it.each<[string, Admit]>([
    ['is refused', (_, __, tell) => tell(undefined)],
    ['is refused later', (_, __, tell) => void setImmediate(tell, undefined)],
  ])('leaves it to the framework when admission %s', async (_, refuse) => {
    keepFor('all');
    admit = refuse;
    expect(await ask('root')).toMatchObject({ status: 299, text: 'the framework' });
    expect(said).toEqual([]);
  });

  it('leaves to the framework what is not that plain', async () => {
    keepFor('all');
    const statusOf = async (options: object) => (await request(`${url}${path}`, options)).statusCode;
    expect(await statusOf({ headers: { authorization: 'nobody' } })).toBe(299);
    expect(await statusOf({ method: 'HEAD', headers: { authorization: 'root' } })).toBe(299);
  });

  it('gives nothing that is older than the inventory', async () => {
    const revisions = new Revisions();
    revisions.trust(true);
    ready = new ReadyAnswers(revisions, tallies);
    keepFor('all');
    expect((await ask('root')).status).toBe(200);
    revisions.note('fm-east', 'cluster', 1);
    expect((await ask('root')).status).toBe(299);
  });
});
