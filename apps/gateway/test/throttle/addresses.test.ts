import { type Ask, type Stack, startStack } from '../e2e/stack.ts';
import { Callers } from './callers.ts';
import { lowLimits, refused, statuses, times, told } from './told.ts';

let open: Stack;
let behindProxy: Stack;
beforeAll(async () => {
  open = await startStack([], { limits: lowLimits });
  behindProxy = await startStack([], { limits: lowLimits, trustedProxies: ['127.0.0.1'] });
});
afterAll(async () => {
  await open?.close();
  await behindProxy?.close();
});

/** Without credentials, by way of the proxy. */
const from = (forwardedFor: string, path = '/v1/clusters', { headers, ...ask }: Ask = {}) =>
  behindProxy.ask(path, { key: null, headers: { ...headers, 'x-forwarded-for': forwardedFor }, ...ask });

it('gets 401 so many times, then 429, whatever X-Forwarded-For it makes up', async () => {
  const answers = await times(40, (n) =>
    open.ask('/v1/clusters', {
      key: n % 2 ? null : `wrong-${n}`,
      headers: {
        'x-forwarded-for': `198.51.100.${n}`,
        forwarded: `for=198.51.100.${n}`,
        'x-real-ip': `198.51.100.${n}`,
      },
    }),
  );
  expect(statuses(answers)).toEqual({ 401: 20, 429: 20 });
  for (const answer of answers) {
    if (answer.status === 429) refused(answer);
    else expect(told(answer)).toMatchObject({ limit: 20, policies: { address: { q: 20, w: 60 } } });
  }
});

it('does not lock out who has a valid key there, though it was never seen before', async () => {
  const callers = new Callers(open);
  await callers.put('neighbour', 'free');
  refused(await open.ask('/v1/clusters', { key: null }));
  expect((await open.ask('/v1/providers', { key: callers.keyOf('neighbour') })).status).toBe(200);
});

it('is the one that a trusted proxy names, up to the first that is none of ours', async () => {
  await times(20, () => from('203.0.113.9'));
  refused(await from('203.0.113.9'));
  refused(await from('198.51.100.1, 203.0.113.9')); // the client wrote the first one
  expect((await from('203.0.113.10')).status).toBe(401);
});

it('is, in IPv6, a network of a size that one machine can have', async () => {
  await times(20, (n) => from(`2001:db8:1:2:${n}::1`));
  refused(await from('2001:db8:1:2:ffff::1'));
  expect((await from('2001:db8:1:3::1')).status).toBe(401);
});

describe('where somebody can try to become known', () => {
  const json = { 'content-type': 'application/json' };
  const form = { 'content-type': 'application/x-www-form-urlencoded' };

  it.each<[string, string, Record<string, string>, (n: number) => string]>([
    ['203.0.113.100', '/v1/login', json, (n) => `{"user_name":"nobody-${n}","password":"guessed"}`],
    [
      '203.0.113.101',
      '/oauth/token',
      form,
      (n) => `grant_type=client_credentials&client_id=x&client_secret=${n}`,
    ],
    ['203.0.113.102', '/oauth/interaction/none/login', form, (n) => `user_name=nobody-${n}&password=guessed`],
  ])('%s is let try so many times at %s, whoever it says it is', async (address, path, headers, body) => {
    const answers = await times(30, (n) => from(address, path, { method: 'POST', headers, body: body(n) }));
    const tooMany = answers.filter(({ status }) => status === 429);
    expect(tooMany).toHaveLength(10);
    for (const answer of answers) expect(told(answer).policies).toMatchObject({ address: { q: 20 } });
    for (const { headers: told } of tooMany) expect(Number(told['retry-after'])).toBeGreaterThanOrEqual(1);
  });

  it('a sign-in is begun under that limit, and what only tells of it is open', async () => {
    const page = await from('203.0.113.103', '/oauth/authorize?client_id=x');
    expect(told(page).policies).toMatchObject({ address: { r: 19 } });
    for (const path of ['/.well-known/openid-configuration', '/oauth/jwks']) {
      expect(told(await from('203.0.113.103', path)).policies).toMatchObject({ open: { q: 60 } });
    }
  });
});
