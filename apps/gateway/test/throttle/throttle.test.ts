import { connect } from 'node:net';
import { ErrorBody } from '@fleetgate/model';
import { type Answer, type Ask, type Stack, startStack } from '../e2e/stack.ts';
import { Callers } from './callers.ts';

const perMinute = (limit: number) => ({ limit, windowSeconds: 60 });
const perHour = (limit: number) => ({ limit, windowSeconds: 3600 });

let stack: Stack;
let callers: Callers;
beforeAll(async () => {
  stack = await startStack([{ slug: 'chime', upstream: 'chimestack', scale: 20 }], {
    limits: {
      free: perHour(100),
      pro: perHour(1000),
      enterprise: perHour(10_000),
      burst: perMinute(150),
      root: perMinute(100_000),
      address: perMinute(20),
      open: perMinute(60),
    },
    trustedProxies: ['127.0.0.2'],
  });
  callers = new Callers(stack);
  await stack.reach('fresh');
});
afterAll(() => stack?.close());

interface Told {
  limit: number;
  remaining: number;
  reset: number;
  policies: Record<string, { r: number; t: number; q: number; w: number }>;
}

/** What the headers say; fails where one is missing or says something else than the others. */
function told({ headers }: Pick<Answer, 'headers'>): Told {
  const parameters = (field: string) =>
    Object.fromEntries(
      field.split(', ').map((item) => {
        const [, name, values] = /^"([a-z]+)"((?:;[a-z]=\d+)+)$/.exec(item) as unknown as [
          string,
          string,
          string,
        ];
        const pairs = values
          .slice(1)
          .split(';')
          .map((pair) => [pair[0], Number(pair.slice(2))]);
        return [name, Object.fromEntries(pairs)];
      }),
    );
  const states = parameters(headers['ratelimit'] as string);
  const policies = parameters(headers['ratelimit-policy'] as string);
  expect(Object.keys(states)).toEqual(Object.keys(policies));
  const [limit, remaining, reset] = ['limit', 'remaining', 'reset'].map((name) => {
    expect(headers[`x-ratelimit-${name}`]).toMatch(/^\d+$/);
    return Number(headers[`x-ratelimit-${name}`]);
  }) as [number, number, number];
  for (const [name, { q, w }] of Object.entries(policies)) {
    expect(states[name].r).toBeLessThanOrEqual(q);
    expect(states[name].t).toBeLessThanOrEqual(w);
  }
  const shown = Object.keys(policies).find(
    (name) => policies[name].q === limit && states[name].r === remaining,
  );
  expect(Math.abs(Date.now() / 1000 + states[shown as string].t - reset)).toBeLessThan(30);
  const merged = Object.entries(policies).map(([name, policy]) => [name, { ...policy, ...states[name] }]);
  return { limit, remaining, reset, policies: Object.fromEntries(merged) };
}

function refused(answer: Answer): Told {
  expect(answer.status).toBe(429);
  const { error } = ErrorBody.parse(answer.body);
  expect(error).toMatchObject({ code: 'rate_limited', status: 429 });
  const facts = told(answer);
  expect(facts.remaining).toBe(0);
  const wait = Number(answer.headers['retry-after']);
  expect(wait).toBeGreaterThanOrEqual(1);
  expect(
    Object.values(facts.policies)
      .filter(({ r }) => r === 0)
      .map(({ t }) => t),
  ).toContain(wait);
  return facts;
}

const as = (team: string, name: 'a' | 'b' = 'a') => callers.keyOf(team, name);
const times = <T>(count: number, ask: (n: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, n) => ask(n)));
function statuses(answers: readonly Answer[]): Record<number, number> {
  const counted: Record<number, number> = {};
  for (const { status } of answers) counted[status] = (counted[status] ?? 0) + 1;
  return counted;
}

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

describe('an address that has not shown who it is', () => {
  const from = (n: number) => ({ 'x-forwarded-for': `198.51.100.${n}` });

  it('gets 401 so many times, then 429, whatever X-Forwarded-For it makes up', async () => {
    const answers = await times(40, (n) =>
      stack.ask('/v1/clusters', { key: n % 2 ? null : `wrong-${n}`, headers: from(n) }),
    );
    expect(statuses(answers)).toEqual({ 401: 20, 429: 20 });
    for (const answer of answers) {
      if (answer.status === 429) refused(answer);
      else expect(told(answer)).toMatchObject({ limit: 20, policies: { address: { q: 20, w: 60 } } });
    }
  });

  it('does not lock out who has a valid key there, nor anybody elsewhere', async () => {
    await callers.put('neighbour', 'free');
    refused(await stack.ask('/v1/clusters', { key: null }));
    expect((await stack.ask('/v1/clusters', { key: as('neighbour') })).status).toBe(200);
    expect((await viaProxy('203.0.113.7')).startsWith('HTTP/1.1 401')).toBe(true);
  });

  it('is held to as many logins, whoever it says it is, and to as many tokens', async () => {
    const json = { 'content-type': 'application/json' };
    const login = (n: number) => JSON.stringify({ user_name: `nobody-${n}`, password: 'guessed' });
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const posts: [string, Record<string, string>, (n: number) => string][] = [
      ['/v1/login', json, login],
      ['/oauth/token', form, (n) => `grant_type=client_credentials&client_id=x&client_secret=${n}`],
    ];
    for (const [at, [path, headers, body]] of posts.entries()) {
      const proxied = (n: number) =>
        post(path, { ...headers, 'x-forwarded-for': `203.0.113.${100 + at}` }, body(n));
      const answers = await times(30, proxied);
      expect([path, answers.filter((answer) => answer.startsWith('HTTP/1.1 401')).length]).toEqual([
        path,
        20,
      ]);
      expect([path, answers.filter((answer) => answer.startsWith('HTTP/1.1 429')).length]).toEqual([
        path,
        10,
      ]);
    }
    const document = await stack.ask('/.well-known/openid-configuration', { key: null });
    expect(told(document).policies).toMatchObject({ open: { w: 60 } });
  });

  it('is the one that a trusted proxy names, up to the first that is none of ours', async () => {
    for (let call = 0; call < 20; call++) await viaProxy('203.0.113.9');
    expect(await viaProxy('203.0.113.9')).toMatch(/^HTTP\/1\.1 429 /);
    expect(await viaProxy('198.51.100.1, 203.0.113.9')).toMatch(/^HTTP\/1\.1 429 /); // the client wrote the first one
    expect(await viaProxy('203.0.113.10')).toMatch(/^HTTP\/1\.1 401 /);
    for (let call = 0; call < 20; call++) await viaProxy(`2001:db8:1:2:${call}::1`);
    expect(await viaProxy('2001:db8:1:2:ffff::1')).toMatch(/^HTTP\/1\.1 429 /); // the same /64
    expect(await viaProxy('2001:db8:1:3::1')).toMatch(/^HTTP\/1\.1 401 /);
  });

  const post = (path: string, headers: Record<string, string>, body: string) => {
    const lines = Object.entries({
      host: 'x',
      connection: 'close',
      'content-length': body.length,
      ...headers,
    });
    const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
    return raw(`POST ${path} HTTP/1.1\r\n${head}\r\n${body}`, '127.0.0.2');
  };

  /** The answer to a call without credentials, from the address of a proxy that is trusted. */
  const viaProxy = (forwardedFor: string) =>
    raw(
      `GET /v1/clusters HTTP/1.1\r\nhost: x\r\nx-forwarded-for: ${forwardedFor}\r\nconnection: close\r\n\r\n`,
      '127.0.0.2',
    );
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
function raw(bytes: string, localAddress = '127.0.0.1'): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect({ port: stack.port, host: '127.0.0.1', localAddress }, () => socket.write(bytes));
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(answer));
  });
}
