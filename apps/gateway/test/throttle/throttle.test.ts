import { connect } from 'node:net';
import { request } from 'undici';
import { type Answer, type Ask, type Stack, startStack } from '../e2e/stack.ts';
import { Callers } from './callers.ts';
import { lowLimits, refused, statuses, times, told } from './told.ts';

let stack: Stack;
let callers: Callers;
beforeAll(async () => {
  stack = await startStack([{ slug: 'chime', upstream: 'chimestack', scale: 20 }], {
    limits: lowLimits,
  });
  callers = new Callers(stack);
  await stack.reach('fresh');
});
afterAll(() => stack?.close());

const as = (team: string, name: 'a' | 'b' = 'a') => callers.keyOf(team, name);

describe('every answer to a caller that is known', () => {
  const list = '/v1/clusters?limit=2';
  const json = { 'content-type': 'application/json' };
  const cases: [string, number, string, Ask][] = [
    ['a list that is made', 200, list, {}],
    ['a list that is made a second time', 200, list, {}],
    ['a list that is ready', 200, list, {}],
    ['the head of a list', 200, list, { method: 'HEAD' }],
    ['what the gateway owns', 200, '/v1/providers', {}],
    ['a wrong parameter', 422, '/v1/clusters?limit=0', {}],
    ['nothing by that id', 404, '/v1/clusters/cluster_none', {}],
    ['something that it may not do', 403, '/v1/connections/chime/sync', { method: 'POST' }],
    ['a body that is no JSON', 400, '/v1/projects', { method: 'POST', body: '{', headers: json }],
  ];

  it('has the headers, and counts one, whatever became of it', async () => {
    await callers.put('told', 'pro');
    let used = 0;
    for (const [what, status, path, ask] of cases) {
      const answer = await stack.ask(path, { key: as('told'), ...ask });
      expect([what, answer.status]).toEqual([what, status]);
      expect([what, told(answer)]).toMatchObject([what, { limit: 1000, remaining: 1000 - ++used }]);
    }
    const { headers } = await stack.ask(list, { key: as('told') });
    const unchanged = await stack.ask(list, {
      key: as('told'),
      headers: { 'if-none-match': headers['etag'] as string },
    });
    expect(unchanged.status).toBe(304);
    const facts = told(unchanged);
    expect(facts).toMatchObject({ limit: 1000, remaining: 998 - used });
    expect(facts.policies).toMatchObject({
      plan: { q: 1000, w: 3600 },
      burst: { q: 150, w: 60, r: 148 - used },
    });
  });

  it('has them on a stream that does not end', async () => {
    const { statusCode, headers, body } = await request(`${stack.url}/v1/events/stream`, {
      headers: { authorization: `Bearer ${as('told')}` },
    });
    body.on('error', () => undefined); // we hang up
    body.destroy();
    expect(statusCode).toBe(200);
    expect(told({ headers: headers as Record<string, string> }).limit).toBe(1000);
  });

  it('tells of a burst alone where there is no plan', async () => {
    expect(told(await stack.ask('/v1/providers'))).toMatchObject({
      limit: 100_000,
      policies: { burst: { w: 60 } },
    });
  });
});

describe('a plan', () => {
  it('lets exactly so many through, however many come at once, by whichever key of the team', async () => {
    await callers.put('small', 'free');
    const answers = await times(300, (n) => {
      const path = n % 2 ? '/v1/clusters?limit=1' : '/v1/providers';
      return stack.ask(path, { key: as('small', n % 3 ? 'a' : 'b') });
    });
    expect(statuses(answers)).toEqual({ 200: 100, 429: 200 });
    const left = answers.filter(({ status }) => status === 200).map((answer) => told(answer).remaining);
    expect(left.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, n) => n));
    for (const answer of answers) if (answer.status === 429) refused(answer);
  });

  it('refuses a ready list and a list that is not ready alike, in the form that is asked for', async () => {
    await callers.put('ready', 'enterprise', 4);
    for (let call = 0; call < 4; call++) {
      expect((await stack.ask('/v1/clusters?limit=3', { key: as('ready') })).status).toBe(200);
    }
    refused(await stack.ask('/v1/clusters?limit=3', { key: as('ready') }));
    refused(await stack.ask('/v1/clusters?limit=4', { key: as('ready') }));
    const problem = await stack.ask('/v1/clusters?limit=3', {
      key: as('ready'),
      headers: { accept: 'application/problem+json' },
    });
    expect(problem.body).toMatchObject({ code: 'rate_limited', status: 429, title: 'rate limited' });
    told(problem);
  });

  it('leaves other teams and the root key alone', async () => {
    await callers.put('full', 'enterprise', 1);
    await callers.put('other', 'free');
    await stack.ask('/v1/providers', { key: as('full') });
    refused(await stack.ask('/v1/providers', { key: as('full') }));
    expect((await stack.ask('/v1/providers', { key: as('other') })).status).toBe(200);
    expect((await stack.ask('/v1/providers')).status).toBe(200);
  });

  it('that changes holds at once, on what was used already', async () => {
    await callers.put('growing', 'enterprise', 3);
    const ask = () => stack.ask('/v1/clusters?limit=1', { key: as('growing') });
    await times(3, ask);
    const { reset } = refused(await ask());
    await callers.put('growing', 'pro');
    expect(told(await ask())).toMatchObject({ limit: 1000, remaining: 996, reset });
    await callers.put('growing', 'enterprise', 2);
    refused(await ask());
  });

  it('refuses before it reads: a body that is too large, or a scope that is missing, is not looked at', async () => {
    await callers.put('spent', 'enterprise', 1);
    await stack.ask('/v1/providers', { key: as('spent') });
    refused(await stack.ask('/v1/connections/chime/sync', { method: 'POST', key: as('spent') }));
    const headers = { 'content-type': 'application/json' };
    refused(await stack.ask('/v1/projects', { method: 'POST', key: as('spent'), headers, body: '{' }));
  });
});

describe('what is open to all', () => {
  it('tells of a limit of its own, also where there is nothing, and where there is no request', async () => {
    for (const path of [
      '/v1/health',
      '/livez',
      '/readyz',
      '/openapi.json',
      '/docs',
      '/nope',
      '/v1/nope',
      '/%',
    ]) {
      const answer = await stack.ask(path, { key: null });
      expect([path, told(answer)]).toMatchObject([path, { limit: 60, policies: { open: { q: 60, w: 60 } } }]);
    }
    expect(told(await stack.ask('/v1/health', { method: 'DELETE', key: null })).limit).toBe(60);
    const answer = await raw('nonsense\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    const lines =
      answer
        .split('\r\n\r\n', 1)[0]
        ?.split('\r\n')
        .slice(1)
        .map((line) => line.split(': ')) ?? [];
    expect(told({ headers: Object.fromEntries(lines) }).limit).toBe(60);
  });

  it('counts for no plan, with a key neither', async () => {
    await callers.put('curious', 'free');
    const ask = (path: string) => stack.ask(path, { key: as('curious') });
    expect(told(await ask('/v1/providers')).remaining).toBe(99);
    await ask('/v1/health');
    await ask('/openapi.json');
    expect(told(await ask('/v1/providers')).remaining).toBe(98);
  });

  it('is refused in the end, but for the probes', async () => {
    const answers = await times(80, () => stack.ask('/v1/health', { key: null }));
    expect(statuses(answers)[429]).toBeGreaterThanOrEqual(20);
    refused(answers.find(({ status }) => status === 429) as Answer);
    for (const path of ['/livez', '/readyz']) {
      const answer = await stack.ask(path, { key: null });
      expect([answer.status, told(answer).remaining]).toEqual([200, 0]);
    }
  });
});

it('/v1/me tells what is left of the plan, and takes no more of it than any call', async () => {
  await callers.put('asking', 'free');
  const me = async () =>
    (await stack.ask('/v1/me', { key: as('asking') })).body as { data: { quota: unknown } };
  const reset = told(await stack.ask('/v1/providers', { key: as('asking') })).reset;
  expect((await me()).data.quota).toEqual({ limit: 100, remaining: 98, reset });
  expect((await me()).data.quota).toEqual({ limit: 100, remaining: 97, reset });
  expect(((await stack.ask('/v1/me')).body as { data: { quota: unknown } }).data.quota).toBeNull();
});

it('a burst holds one caller and not its team, and the headers speak of it when it is nearly used', async () => {
  await callers.put('large', 'enterprise', 4000);
  const first = told(await stack.ask('/v1/providers', { key: as('large') }));
  expect(first).toMatchObject({ limit: 4000, policies: { burst: { q: 150 } } });
  const answers = await times(150, () => stack.ask('/v1/providers', { key: as('large') }));
  expect(statuses(answers)).toEqual({ 200: 149, 429: 1 });
  expect(refused(answers.find(({ status }) => status === 429) as Answer)).toMatchObject({ limit: 150 });
  expect(told(await stack.ask('/v1/providers', { key: as('large', 'b') }))).toMatchObject({ limit: 4000 });
});

it('a large plan is given the burst that it needs', async () => {
  await callers.put('huge', 'enterprise', 3_600_000);
  const { policies } = told(await stack.ask('/v1/providers', { key: as('huge') }));
  expect(policies).toMatchObject({ plan: { q: 3_600_000 }, burst: { q: 120_000, w: 60 } });
});

it('no answer of all these was without the headers, and none was unforeseen', () => {
  for (const answer of stack.answers) expect(answer).toContain('"x-ratelimit-reset":"');
  const grave = stack.log.filter((line) => [50, 60, 'error', 'fatal'].includes(JSON.parse(line).level));
  expect(grave).toEqual([]);
});

/** Sends bytes as they are; resolves to everything that came back. */
function raw(bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(stack.port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}
