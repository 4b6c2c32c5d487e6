import { Fault } from '@fleetgate/model';
import type { Call, ProviderDefinition } from '@fleetgate/provider-spec';
import {
  type BreakerEvent,
  connectProvider,
  createTransport,
  memoryTokens,
  newCall,
  type OperationEvent,
  systemClock,
  type Transport,
} from '../src/index.ts';
import { demoProvider, projectOf } from './demo-provider.ts';
import { faultOf, json, startUpstream, type Upstream } from './upstream.ts';
import { turn, until, VirtualClock } from './virtual-clock.ts';

let upstream: Upstream;
let transport: Transport;
let operations: OperationEvent[];
let breakers: BreakerEvent[];

beforeEach(async () => {
  upstream = await startUpstream((_, response) => json(response, { names: ['a'] }));
  transport = createTransport();
  operations = [];
  breakers = [];
});
afterEach(async () => {
  await transport.close();
  await upstream.stop();
});

const call = (more: { signal?: AbortSignal; background?: boolean } = {}): Call =>
  newCall({
    requestId: 'req-12345678',
    signal: new AbortController().signal,
    random: Math.random,
    ...more,
  });

/** What a demo upstream's answers mean to its provider: 500 for what is not there, as one upstream has it. */
const definition: ProviderDefinition = {
  ...demoProvider(),
  limits: () => ({ concurrency: 8 }),
  connect(settings, host) {
    const { url } = settings as { url: string };
    const ask = async (path: string, of: Call, method = 'GET') => {
      const request = {
        method,
        url: url + path,
        headers: {},
        repeatable: method === 'GET',
        timeoutMs: 5_000,
      };
      const { status } = await host.send(request, of);
      if (path.endsWith('/gone')) throw new Fault('not_found', 'it is not there', { upstream: { status } });
      if (status === 200) return;
      const code = status === 429 ? 'rate_limited' : status < 500 ? 'invalid' : 'unexpected';
      throw new Fault(code, `status ${status}`, { upstream: { status } });
    };
    return {
      account: { identify: async () => ({ name: 'answered without a request' }) },
      projects: {
        list: async (_, of) => {
          await ask('/projects', of);
          return { items: [] };
        },
        get: async ({ key }, of) => {
          await ask(`/projects/${key[0]}`, of);
          return projectOf(key);
        },
        remove: async ({ key }, of) => ask(`/projects/${key[0]}`, of, 'DELETE'),
      },
      native: {
        baseUrl: url,
        credential: async () => ({ value: '', headers: {} }),
        renew: async (refused) => refused,
      },
    };
  },
};

function connect(more: Partial<Parameters<typeof connectProvider>[0]> = {}) {
  return connectProvider({
    connection: 'demo-1',
    definition,
    settings: { url: upstream.url },
    transport,
    clock: systemClock,
    random: () => 0,
    tokens: memoryTokens(systemClock),
    observer: {
      operation: (event) => void operations.push(event),
      breaker: (event) => void breakers.push(event),
    },
    ...(more as object),
  });
}
type Connected = ReturnType<typeof connect>;

let asked = 0;
const get = (provider: Connected, of = call(), key = `p${asked++}`) =>
  provider.projects?.get({ key: [key] }, of) as Promise<unknown>;
const list = (provider: Connected, of = call()) => provider.projects?.list({}, of) as Promise<unknown>;
const remove = (provider: Connected) =>
  provider.projects?.remove?.({ key: ['p'] }, call()) as Promise<unknown>;
const pass = (provider: Connected, status: number[] = []) =>
  new Promise<void>((end, fail) => {
    provider.passThrough?.pass(
      { method: 'GET', target: '/native', headers: [], body: null },
      { head: (given) => void status.push(given), data: () => true, end, fail },
      call(),
    );
  });

const failing: [string, Upstream['answer'], string][] = [
  ['5xx', (_, response) => json(response, {}, 500), 'status 500'],
  ['resets', ({ socket }) => void socket.resetAndDestroy(), 'reset the connection'],
  [
    'half a body',
    (_, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('half');
      setTimeout(() => response.destroy(), 5);
    },
    'before its answer was whole',
  ],
];

describe('the breaker of a connection', () => {
  it.each(failing)(
    'opens after five calls that end in %s, and sends nothing while it is open',
    async (...[, answer, reason]) => {
      upstream.answer = answer;
      const provider = connect();
      for (let index = 0; index < 5; index += 1) await faultOf(get(provider));
      expect(provider.condition().breakers).toEqual({
        read: 'open',
        write: 'closed',
        sync: 'closed',
        native: 'closed',
      });
      const sent = upstream.asked.length;
      const refused = await faultOf(get(provider));
      expect(refused).toMatchObject({ code: 'unavailable', retryAfterMs: expect.any(Number) });
      expect(refused['message']).toContain(reason);
      expect(upstream.asked).toHaveLength(sent);
      expect(operations.at(-1)).toMatchObject({ class: 'read', breaker: 'open', fault: 'unavailable' });
      expect(breakers).toEqual([
        {
          connection: 'demo-1',
          provider: 'demo',
          class: 'read',
          state: 'open',
          at: expect.any(Number),
          message: expect.stringContaining(reason),
        },
      ]);
    },
  );

  it('opens when nothing answers in time, and is closed by the first answer after', async () => {
    upstream.answer = () => undefined;
    const clock = new VirtualClock();
    const provider = connect({ clock });
    const hung = Array.from({ length: 5 }, () => faultOf(get(provider)));
    await until(() => upstream.asked.length === 5);
    await clock.advance(10_000);
    for (const fault of await Promise.all(hung)) expect(fault).toMatchObject({ code: 'timeout' });
    expect(provider.condition().breakers.read).toBe('open');
    upstream.answer = (_, response) => json(response, {});
    await clock.advance(5_000);
    await get(provider);
    expect(provider.condition().breakers.read).toBe('closed');
    expect(operations.at(-1)).toMatchObject({ breaker: 'half_open' });
  });

  it.each([404, 409, 422, 429])('does not mind %i', async (status) => {
    upstream.answer = (_, response) => json(response, {}, status);
    const provider = connect();
    for (let index = 0; index < 20; index += 1) await faultOf(get(provider));
    expect(provider.condition().breakers.read).toBe('closed');
  });

  it('goes by what an answer means to the provider', async () => {
    upstream.answer = (_, response) => json(response, {}, 500);
    const provider = connect();
    for (let index = 0; index < 20; index += 1) {
      expect(await faultOf(get(provider, call(), 'gone'))).toMatchObject({ code: 'not_found' });
    }
    expect(provider.condition().breakers.read).toBe('closed');
  });

  it('does not mind callers who give up', async () => {
    upstream.answer = () => undefined;
    const provider = connect();
    for (let index = 0; index < 20; index += 1) {
      const caller = new AbortController();
      const work = faultOf(get(provider, call({ signal: caller.signal })));
      await turn();
      caller.abort();
      await work;
    }
    expect(provider.condition().breakers.read).toBe('closed');
  });

  it.each([
    [4_000, 'closed'],
    [6_000, 'open'],
  ] as const)(
    'takes a deadline of the caller’s (%i ms of 10,000) for one of its own when it is long enough: %s',
    async (ms, state) => {
      upstream.answer = () => undefined;
      const clock = new VirtualClock();
      const provider = connect({ clock });
      const callers = Array.from({ length: 5 }, () => new AbortController());
      const work = callers.map(({ signal }) => faultOf(get(provider, call({ signal }))));
      await until(() => upstream.asked.length === 5);
      await clock.advance(ms);
      for (const caller of callers) caller.abort(new Fault('timeout', 'no time left'));
      await Promise.all(work);
      expect(provider.condition().breakers.read).toBe(state);
    },
  );

  it('does not mind those who stood in our own line for all of their time', async () => {
    upstream.answer = () => undefined;
    const clock = new VirtualClock();
    const limits = { concurrency: 1, perSecond: 0.001, burst: 1 };
    const provider = connect({ clock, definition: { ...definition, limits: () => limits } });
    upstream.answer = (_, response) => json(response, {});
    await get(provider);
    const waiting = Array.from({ length: 20 }, () => faultOf(get(provider)));
    await turn();
    await clock.advance(10_000);
    for (const fault of await Promise.all(waiting)) expect(fault).toMatchObject({ code: 'timeout' });
    expect(upstream.asked).toHaveLength(1);
    expect(provider.condition().breakers.read).toBe('closed');
  });

  it('keeps reads, writes, syncs and native calls apart', async () => {
    upstream.answer = (_, response) => json(response, {}, 503);
    const provider = connect();
    const sync = () => faultOf(list(provider, call({ background: true })));
    for (let index = 0; index < 5; index += 1) await sync();
    expect(provider.condition().breakers).toMatchObject({ read: 'closed', write: 'closed', sync: 'open' });
    for (let index = 0; index < 5; index += 1) await faultOf(remove(provider));
    expect(provider.condition().breakers).toMatchObject({ read: 'closed', write: 'open', native: 'closed' });
    for (let index = 0; index < 5; index += 1) await pass(provider);
    expect(provider.condition().breakers).toMatchObject({ read: 'closed', native: 'open' });
    const sent = upstream.asked.length;
    expect(await faultOf(pass(provider))).toMatchObject({ code: 'unavailable' });
    expect(await faultOf(remove(provider))).toMatchObject({ code: 'unavailable' });
    expect(upstream.asked).toHaveLength(sent);
    await faultOf(get(provider));
    expect(upstream.asked.length).toBeGreaterThan(sent);
  });

  it('passes 5xx of native calls on as they are, until it opens', async () => {
    upstream.answer = (_, response) => json(response, {}, 502);
    const provider = connect();
    const statuses: number[] = [];
    for (let index = 0; index < 5; index += 1) await pass(provider, statuses);
    expect(statuses).toEqual([502, 502, 502, 502, 502]);
    expect(await faultOf(pass(provider, statuses))).toMatchObject({ code: 'unavailable' });
  });

  it('is none of another connection’s business', async () => {
    upstream.answer = (_, response) => json(response, {}, 500);
    const [sick, other] = [connect(), connect()];
    for (let index = 0; index < 5; index += 1) await faultOf(get(sick));
    expect(sick.condition().breakers.read).toBe('open');
    expect(other.condition().breakers.read).toBe('closed');
  });

  it('asks with one call, which goes on when its caller goes', async () => {
    upstream.answer = (_, response) => json(response, {}, 500);
    const provider = connect({ circuitBounds: { openMs: [30] } });
    for (let index = 0; index < 5; index += 1) await faultOf(get(provider));
    await systemClock.sleep(35, new AbortController().signal);
    const sent = upstream.asked.length;
    let answer = () => {};
    upstream.answer = (_, response) => {
      answer = () => json(response, {});
    };
    const caller = new AbortController();
    const probe = faultOf(get(provider, call({ signal: caller.signal })));
    await until(() => upstream.asked.length === sent + 1);
    const crowd = await Promise.all(Array.from({ length: 49 }, () => faultOf(get(provider))));
    for (const fault of crowd) expect(fault).toMatchObject({ code: 'unavailable', retryAfterMs: 1_000 });
    caller.abort();
    await probe;
    expect(provider.condition().breakers.read).toBe('half_open');
    answer();
    await until(() => provider.condition().breakers.read === 'closed');
    expect(upstream.asked).toHaveLength(sent + 1);
  });

  it('is not closed by a call that asked the upstream nothing', async () => {
    upstream.answer = ({ socket }) => void socket.resetAndDestroy();
    const provider = connect({ circuitBounds: { openMs: [30] } });
    for (let index = 0; index < 5; index += 1) await faultOf(get(provider));
    await systemClock.sleep(35, new AbortController().signal);
    await provider.account.identify({}, call());
    expect(provider.condition().breakers.read).toBe('open');
  });
});

describe('the slots of a connection', () => {
  it('bound what hangs, refuse the rest at once, and are given back', async () => {
    upstream.answer = () => undefined;
    const clock = new VirtualClock();
    const provider = connect({ clock, slots: { read: 3 } });
    const hung = Array.from({ length: 3 }, () => faultOf(get(provider)));
    await until(() => upstream.asked.length === 3);
    expect(await faultOf(get(provider))).toMatchObject({
      code: 'unavailable',
      message: 'demo-1 has 3 calls under way already, and takes no more',
      retryAfterMs: 1_000,
    });
    expect(provider.condition().underWay).toEqual({ read: 3, write: 0, sync: 0, native: 0 });
    await clock.advance(10_000);
    await Promise.all(hung);
    expect(provider.condition().underWay.read).toBe(0);
    expect(provider.condition().breakers.read).toBe('closed');
  });

  it('count a shared call once', async () => {
    const provider = connect({ slots: { read: 1 } });
    const answers = Array.from({ length: 20 }, () => get(provider, call(), 'same'));
    expect(await Promise.all(answers)).toHaveLength(20);
  });

  it('of writes are not taken by reads that hang', async () => {
    upstream.answer = ({ method }, response) => {
      if (method === 'DELETE') json(response, {});
    };
    const provider = connect({ slots: { read: 2 } });
    const caller = new AbortController();
    const hung = Array.from({ length: 2 }, () => faultOf(get(provider, call({ signal: caller.signal }))));
    await until(() => upstream.asked.length === 2);
    await remove(provider);
    caller.abort();
    await Promise.all(hung);
  });
});
