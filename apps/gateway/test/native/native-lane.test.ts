import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { Admissions } from '../../src/throttle/admission.ts';
import { type Caller, World } from '../access/world.ts';
import { eventually, type Stack, startStack } from '../e2e/stack.ts';
import { type RawUpstream, startRawUpstream } from './raw-upstream.ts';

let upstream: RawUpstream;
let stack: Stack;
let mine: Caller;
let other: Caller;
let hurried: Caller;
/** asked for whatever comes by the framework, and for nothing else */
const { count } = Admissions.prototype;
let framework = 0;

beforeAll(async () => {
  Admissions.prototype.count = function (this: Admissions, ...of: Parameters<typeof count>) {
    framework += 1;
    return count.apply(this, of);
  };
  upstream = await startRawUpstream();
  const settings = { baseUrl: `${upstream.url}/api/v2`, apiKey: 'key-of-the-connection' };
  stack = await startStack(
    [
      { slug: 'raw', upstream: 'fleet-manager', team: 'edge', settings },
      { slug: 'nowhere', upstream: 'app-platform', settings: { baseUrl: 'http://127.0.0.1:9' } },
    ],
    { requestSample: 1 },
  );
  const world = new World(stack);
  await world.team('edge');
  await world.team('lab');
  await world.team('tiny', { hourly_limit: 3 });
  mine = await world.key('edge');
  other = await world.key('lab');
  hurried = await world.key('tiny');
});
beforeEach(() => {
  upstream.answer = (_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': '4', etag: '"1"' }).end('fine');
  };
});
afterAll(async () => {
  Admissions.prototype.count = count;
  await stack?.close();
  await upstream?.close();
});

interface Told {
  status: number | undefined;
  headers: IncomingMessage['headers'];
  body: string;
}

/** By the lane, or, with an expectation that nobody knows, by the route; says whether it went that way. */
async function call(
  way: 'lane' | 'route',
  path: string,
  { method = 'GET', headers = {}, key = mine.credential, port = stack.port } = {},
): Promise<Told> {
  framework = 0;
  const asked = httpRequest({
    host: '127.0.0.1',
    port,
    path,
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...headers,
      ...(way === 'route' ? { expect: 'nothing' } : {}),
    },
  }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  let body = '';
  for await (const chunk of response.setEncoding('latin1')) body += chunk;
  expect(framework).toBe(way === 'lane' ? 0 : 1);
  return { status: response.statusCode, headers: response.headers, body };
}

/** Without what is another with every answer. */
function alike({ status, headers, body }: Told): unknown {
  const {
    date: _,
    'x-request-id': id,
    'x-ratelimit-remaining': __,
    'x-ratelimit-reset': ___,
    ...rest
  } = headers;
  expect(id).toMatch(/^[\w.-]{8,128}$/);
  const same = { ...rest, ratelimit: String(rest['ratelimit']).replaceAll(/=\d+/g, '=n') };
  return { status, headers: same, body: body.replaceAll(String(id), 'its-id') };
}

async function both(path: string, ask: Parameters<typeof call>[2] = {}): Promise<Told> {
  const byLane = await call('lane', path, ask);
  expect(alike(byLane)).toEqual(alike(await call('route', path, ask)));
  return byLane;
}

const base = '/v1/connections/raw/native';

describe('the lane answers as the route does', () => {
  beforeAll(() => mine.ask(`${base}/x`)); // then it is known

  it.each([
    ['with a length', 200, { 'content-length': '4', date: 'Tue, 01 Dec 2026 01:02:03 GMT' }, 'fine'],
    ['in pieces', 200, {}, 'fine'],
    ['made', 201, { location: '/x', 'x-theirs': 'ÿ' }, 'made'],
    ['without a body', 204, {}, ''],
    ['unchanged', 304, { etag: '"1"' }, ''],
    ['refused for want of credentials', 401, { 'content-length': '3' }, 'who'],
    ['not there', 404, { 'content-length': '2' }, 'no'],
    ['failed', 500, { 'content-length': '4' }, 'oops'],
    ['of a status that nobody knows', 299, { 'content-length': '2' }, 'ok'],
    [
      'with headers that are ours to say',
      200,
      {
        'content-length': '4',
        'x-request-id': 'theirs-12345',
        'x-ratelimit-limit': '1',
        ratelimit: '"x";r=1',
        'x-fleetgate-upstream': 'theirs',
        'content-security-policy': 'x',
        'set-cookie': 'a=b',
        'cache-control': 'public, max-age=60',
        connection: 'x-hop',
        'x-hop': '1',
      },
      'fine',
    ],
  ])('an answer %s', async (_name, status, headers, body) => {
    upstream.answer = (_request, response) => void response.writeHead(status, headers).end(body);
    const methods = ['GET', 'DELETE', 'POST', 'HEAD'];
    // More failures than that would open the circuit.
    for (const method of status === 500 ? ['GET'] : methods) {
      const told = await both(`${base}/a%20b?q=1`, { method });
      expect([told.status, told.body]).toEqual([status, method === 'HEAD' ? '' : body]);
      expect(told.headers).toMatchObject({
        'x-fleetgate-upstream': 'raw',
        'x-content-type-options': 'nosniff',
        'content-security-policy': "sandbox; default-src 'none'",
        'x-ratelimit-limit': expect.stringMatching(/^\d+$/),
      });
    }
  });

  it('with the connection kept, or ended, as the caller asks', async () => {
    for (const connection of ['keep-alive', 'close'])
      expect((await both(`${base}/x`, { headers: { connection } })).headers.connection).toBe(connection);
  });

  it.each(['', '/', '?q=1'])('to the base itself: %j', async (end) => {
    expect((await both(`${base}${end}`)).body).toBe('fine');
  });

  it('an error of ours, in the form that was asked for', async () => {
    const key = stack.rootKey;
    const ask = { key, headers: { accept: 'application/problem+json' } };
    const plain = await both('/v1/connections/nowhere/native/x', { key });
    expect([plain.status, plain.headers['retry-after']]).toEqual([503, '5']);
    expect(JSON.parse(plain.body)).toMatchObject({ error: { code: 'upstream_unavailable' } });
    const problem = await both('/v1/connections/nowhere/native/x', ask);
    expect(problem.headers['content-type']).toContain('application/problem+json');
  });

  it('an answer that ends early, by cutting it off', async () => {
    upstream.answer = (_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.destroy());
    };
    for (const way of ['lane', 'route'] as const) await expect(call(way, `${base}/x`)).rejects.toThrow();
  });
});

it('answers differ by origin where pages of some origins may read them', async () => {
  const { url } = await stack.beside({ corsOrigins: ['https://console.example'] });
  const port = Number(new URL(url).port);
  for (const way of ['route', 'lane'] as const) {
    // What the route says to pages beside that is of no use to who has named no origin.
    expect((await call(way, `${base}/x`, { port })).headers.vary).toBe('Origin');
  }
});

describe('the lane sends and tells the same', () => {
  it('to the upstream', async () => {
    const seen: string[][] = [];
    upstream.answer = (request, response) => {
      seen.push(request.rawHeaders.map((one) => one.replace(/-[0-9a-f]{16}-/, '-span-')));
      response.end();
    };
    const trace = '00-0123456789abcdef0123456789abcdef-0123456789abcdef-01';
    const headers = { 'x-request-id': 'same-request-1', traceparent: trace, 'x-mine': '1', cookie: 'a=b' };
    await both(`${base}/x`, { headers: { ...headers, 'idempotency-key': 'goes-on' } });
    expect(seen[0]).toEqual(seen[1]);
    expect(seen[0]?.join()).toMatch(/0123456789abcdef0123456789abcdef-span-01/);
    expect(seen[0]?.join()).toMatch(/x-mine,1,idempotency-key,goes-on/);
  });

  it('in the story, the log and the metrics', async () => {
    const stories: unknown[] = [];
    const lines: unknown[] = [];
    const counts: unknown[] = [];
    const sample = async () => {
      const text = (await stack.ask('/metrics')).text.split('\n');
      const of = (part: string) =>
        Number(
          text
            .find((line) => !line.startsWith('#') && line.includes(part))
            ?.split(' ')
            .at(-1) ?? 0,
        );
      return [
        of('requests_total{route="/v1/connections/:id/native/*",method="GET",status="200",ready="no"}'),
        of('duration_seconds_count{route="/v1/connections/:id/native/*",method="GET"}'),
        of('attempts_total{connection="raw",operation="native.call",outcome="200",again="no"}'),
        of('http_requests_under_way '),
      ];
    };
    for (const way of ['lane', 'route'] as const) {
      const before = await sample();
      const id = `told-of-${way}`;
      await call(way, `${base}/told?q=1`, { headers: { 'x-request-id': id } });
      const parsed = () => stack.log.map((one) => JSON.parse(one));
      const isIts = (one: { msg: string; requestId: string }) =>
        one.msg === 'request' && one.requestId === id;
      await eventually('it is in the log', () => parsed().some(isIts));
      lines.push({ ...parsed().find(isIts), time: 0, ms: 0, requestId: '', traceId: '' });
      let body: unknown;
      await eventually('it is kept', async () => {
        const answer = await mine.ask(`/v1/requests/${id}`);
        body = answer.body;
        return answer.status === 200;
      });
      const { data } = JSON.parse(JSON.stringify(body));
      for (const one of [data, ...data.attempts])
        Object.assign(one, { duration_ms: 0, at_ms: 0, waited_ms: 0 });
      stories.push({ ...data, id: '', at: '', trace_id: '' });
      counts.push((await sample()).map((one, at) => one - (before[at] as number)));
    }
    expect(stories[0]).toEqual(stories[1]);
    expect(stories[0]).toMatchObject({
      route: '/v1/connections/:id/native/*',
      path: `${base}/told`,
      status: 200,
      connections: ['raw'],
      attempts: [{ connection: 'raw', operation: 'native.call', attempt: 1, status: 200, bytes: 4 }],
    });
    expect(lines[0]).toEqual(lines[1]);
    expect(counts).toEqual([
      [1, 1, 1, 0],
      [1, 1, 1, 0],
    ]);
  });
});

describe('what is not plain is the framework’s', () => {
  const ask = (path: string, more: object = {}) => mine.ask(path, more);

  it.each([
    ['a credential that nobody knows', () => stack.ask(`${base}/x`, { key: `fg_${'x'.repeat(40)}` }), 401],
    ['a path that is refused', () => ask(`${base}/a%2fb`), 400],
    ['a connection of another team', () => other.ask(`${base}/x`), 404],
    ['a connection that is not there', () => ask('/v1/connections/none/native/x'), 404],
    ['a body', () => ask(`${base}/x`, { method: 'POST', body: 'x' }), 200],
    ['a time limit', () => ask(`${base}/x`, { headers: { 'x-request-timeout': '5' } }), 200],
    [
      'a time limit that cannot be read',
      () => ask(`${base}/x`, { headers: { 'x-request-timeout': '-' } }),
      400,
    ],
    ['a method of its own', () => ask(`${base}/x`, { method: 'OPTIONS' }), 200],
  ])('%s', async (_name, asked, status) => {
    await other.ask('/v1/me');
    framework = 0;
    expect((await asked()).status).toBe(status);
    expect(framework).toBe(1);
  });

  it('a call too many, which is counted once', async () => {
    const path = '/v1/connections/nowhere/native/x';
    const left = [];
    for (let n = 0; n < 5; n += 1) {
      const { status, headers } = await hurried.ask(path);
      left.push([status, headers['x-ratelimit-remaining']]);
    }
    expect(left).toEqual([
      [503, '2'],
      [503, '1'],
      [503, '0'],
      [429, '0'],
      [429, '0'],
    ]);
  });
});
