import { getEventListeners } from 'node:events';
import { Fault } from '@fleetgate/model';
import type { Call, Host, Limits } from '@fleetgate/provider-spec';
import {
  connectProvider,
  createTransport,
  memoryTokens,
  newCall,
  type OperationEvent,
  type RequestEvent,
  systemClock,
  type Transport,
} from '../src/index.ts';
import { demoProvider } from './demo-provider.ts';
import { faultOf, get, json, startUpstream, type Upstream } from './upstream.ts';
import { until, VirtualClock } from './virtual-clock.ts';

let upstream: Upstream;
let transport: Transport;
let operations: OperationEvent[];
let requests: RequestEvent[];

beforeEach(async () => {
  upstream = await startUpstream((_, response) => json(response, { names: ['a'] }));
  transport = createTransport();
  operations = [];
  requests = [];
});
afterEach(async () => {
  await transport.close();
  await upstream.stop();
});

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const call = (requestId = 'req-12345678', signal: AbortSignal = new AbortController().signal): Call =>
  newCall({ requestId, traceparent, signal, random: Math.random });

function connect(
  more: Partial<Parameters<typeof connectProvider>[0]> = {},
  limits: Limits = { concurrency: 8 },
) {
  return connectProvider({
    connection: 'demo-1',
    definition: demoProvider(limits),
    settings: { url: upstream.url },
    transport,
    clock: systemClock,
    random: Math.random,
    tokens: memoryTokens(systemClock),
    observer: {
      operation: (event) => void operations.push(event),
      request: (event) => void requests.push(event),
    },
    ...(more as object),
  });
}

describe('a connected provider', () => {
  it('sends the caller’s request id and trace with every request, under a parent id of its own', async () => {
    await connect().projects?.get({ key: ['p'] }, call());
    expect(upstream.asked).toHaveLength(3);
    const parents = upstream.asked.map(({ headers }) => {
      expect(headers['x-request-id']).toBe('req-12345678');
      expect(headers['api-key']).toBe('k');
      const [version, traceId, parentId, flags] = String(headers['traceparent']).split('-');
      expect([version, traceId, flags]).toEqual(['00', '4bf92f3577b34da6a3ce929d0e0e4736', '01']);
      expect(parentId).toMatch(/^[0-9a-f]{16}$/);
      return parentId;
    });
    expect(new Set([...parents, '00f067aa0ba902b7']).size).toBe(4);
  });

  it('gives each attempt a parent id of its own, and tells of each', async () => {
    upstream.answer = (_, response) =>
      json(response, { names: ['a'] }, upstream.asked.length === 1 ? 503 : 200);
    await connect({ random: () => 0.01 }).account.identify({}, call());
    expect(requests).toMatchObject([
      { attempt: 1, status: 503, operation: 'account.identify' },
      { attempt: 2, status: 200, operation: 'account.identify' },
    ]);
  });

  it('tells who asked what and how it ended, without the secrets of the address', async () => {
    const provider = connect();
    await provider.account.identify({}, call());
    upstream.answer = (_, response) => json(response, {}, 418);
    await faultOf(provider.account.identify({}, call()));
    const of = {
      connection: 'demo-1',
      provider: 'demo',
      requestId: 'req-12345678',
      traceparent,
      operation: 'account.identify',
    };
    const time = { startedAt: expect.any(Number), ms: expect.any(Number) };
    const request = {
      ...of,
      ...time,
      class: 'read',
      breaker: 'closed',
      method: 'GET',
      url: `${upstream.url}/me`,
      attempt: 1,
      waitedMs: expect.any(Number),
      sentTraceparent: expect.stringMatching(/^00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-01$/),
    };
    expect(requests).toEqual([
      { ...request, status: 200, bytes: 15 },
      { ...request, status: 418, bytes: 2 },
    ]);
    expect(operations).toEqual([
      { ...of, ...time, class: 'read', breaker: 'closed', coalesced: false },
      {
        ...of,
        ...time,
        class: 'read',
        breaker: 'closed',
        coalesced: false,
        fault: 'unexpected',
        message: 'status 418',
      },
    ]);
    expect(JSON.stringify([operations, requests])).not.toContain('secret');
  });

  it('tells the code of what went wrong below HTTP', async () => {
    await upstream.stop();
    await faultOf(connect({ random: () => 0 }).account.identify({}, call()));
    expect(requests).toHaveLength(3);
    expect(requests[2]).toMatchObject({ attempt: 3, fault: 'unavailable' });
    expect(requests[2]).not.toHaveProperty('status');
    expect(operations).toMatchObject([{ fault: 'unavailable' }]);
  });

  it('tells what an attempt was, how long it stood in line, and what the upstream calls it', async () => {
    upstream.answer = (_, response) => {
      response.setHeader('audituid', 'palette-1');
      json(response, { names: ['a'] }, upstream.asked.length === 1 ? 503 : 200);
    };
    const provider = connect({ random: () => 0.01 }, { concurrency: 1, perSecond: 10, burst: 1 });
    await provider.account.identify({}, call());
    expect(requests[0]).toMatchObject({ attempt: 1, upstreamRequestId: 'palette-1' });
    expect(requests[0]?.waitedMs).toBeLessThan(50);
    expect(requests[0]).not.toHaveProperty('again');
    expect(requests[1]).toMatchObject({ attempt: 2, again: 'retry' });
    expect(requests[1]?.waitedMs).toBeGreaterThan(50);
  });

  it('does not take its own name for the upstream’s', async () => {
    upstream.answer = ({ headers }, response) => {
      response.setHeader('x-request-id', String(headers['x-request-id']));
      json(response, { names: ['a'] });
    };
    await connect().account.identify({}, call());
    expect(requests[0]).not.toHaveProperty('upstreamRequestId');
  });

  it('tells calls of a sync from those that somebody waits for', async () => {
    const provider = connect();
    const sync = newCall({
      requestId: 'req-sync-1',
      signal: new AbortController().signal,
      random: Math.random,
      background: true,
    });
    await provider.projects?.list({}, sync);
    await provider.projects?.list({}, call());
    expect(operations.map((event) => event.class)).toEqual(['sync', 'read']);
    expect(requests.map((event) => event.class)).toEqual(['sync', 'read']);
  });

  it('is not disturbed by an observer that throws', async () => {
    const observer = {
      operation() {
        throw new Error('full disk');
      },
      request() {
        throw new Error('full disk');
      },
    };
    expect(await connect({ observer }).account.identify({}, call())).toEqual({ name: 'a' });
  });

  it('makes one upstream call for fifty callers at once, and tells each of them whose it was', async () => {
    const provider = connect();
    const callers = Array.from({ length: 50 }, (_, index) => `req-caller-${index}`);
    const answers = callers.map((requestId) => provider.account.identify({}, call(requestId)));
    expect(new Set(await Promise.all(answers)).size).toBe(1);
    expect(upstream.asked).toHaveLength(1);
    expect(upstream.asked[0]?.headers['x-request-id']).toBe('req-caller-0');
    const joined = operations.filter(({ coalesced }) => coalesced);
    expect(joined).toHaveLength(49);
    expect(joined.every(({ leader }) => leader === 'req-caller-0')).toBe(true);
  });

  it('shares nothing with another connection', async () => {
    const [one, two] = [connect(), connect()];
    await Promise.all([one.account.identify({}, call()), two.account.identify({}, call())]);
    expect(upstream.asked).toHaveLength(2);
  });

  it('keeps the declared limits over requests, although one operation makes several', async () => {
    const provider = connect({}, { concurrency: 2 });
    let underWay = 0;
    let most = 0;
    upstream.answer = (_, response) => {
      underWay += 1;
      most = Math.max(most, underWay);
      setTimeout(() => {
        underWay -= 1;
        json(response, { names: [] });
      }, 3);
    };
    await Promise.all(['p', 'q', 'r'].map((key) => provider.projects?.get({ key: [key] }, call())));
    expect(upstream.asked).toHaveLength(9);
    expect(most).toBe(2);
    expect(upstream.opened).toBe(2);
  });

  it.each([
    ['account.identify', 10_000],
    ['projects.list', 30_000],
  ] as const)('ends %s after %i ms, and its request with it', async (name, ms) => {
    upstream.answer = () => undefined;
    const clock = new VirtualClock();
    const provider = connect({ clock });
    const work = faultOf(
      name === 'projects.list'
        ? Promise.resolve(provider.projects?.list({}, call()))
        : provider.account.identify({}, call()),
    );
    await until(() => upstream.asked.length === 1);
    await clock.advance(ms - 1);
    expect(upstream.sockets.size).toBe(1);
    await clock.advance(1);
    expect(await work).toMatchObject({
      code: 'timeout',
      message: `demo-1 ${name} did not end within ${ms} ms`,
    });
    await until(() => upstream.sockets.size === 0);
    expect(clock.sleeping).toBe(0);
  });

  it('frees the socket when the last caller gives up, and not before', async () => {
    upstream.answer = () => undefined;
    const provider = connect();
    const callers = [new AbortController(), new AbortController()];
    const work = callers.map((caller) =>
      faultOf(provider.account.identify({}, call('req-12345678', caller.signal))),
    );
    await until(() => upstream.asked.length === 1);
    callers[0]?.abort();
    await work[0];
    expect(upstream.sockets.size).toBe(1);
    callers[1]?.abort();
    await work[1];
    await until(() => upstream.sockets.size === 0);
  });

  it('tells of a caller that went away that it did, and not of one whose time was over', async () => {
    upstream.answer = () => undefined;
    const provider = connect();
    const caller = new AbortController();
    const left = faultOf(provider.account.identify({}, call('req-12345678', caller.signal)));
    await until(() => upstream.asked.length === 1);
    caller.abort();
    await left;
    await faultOf(provider.account.identify({}, call('req-12345679', AbortSignal.timeout(30))));
    expect(operations).toMatchObject([{ fault: 'unavailable', abandoned: true }, { fault: 'timeout' }]);
    expect(operations[1]).not.toHaveProperty('abandoned');
  });

  it('lets callers share what the upstream has time enough for, and asks again for one who waits longer', async () => {
    const clock = new VirtualClock();
    upstream.answer = () => undefined;
    const provider = connect({ clock });
    const waiting = (ms?: number) =>
      faultOf(
        provider.account.identify(
          {},
          newCall({
            requestId: 'req-12345678',
            signal: new AbortController().signal,
            random: Math.random,
            deadlineAt: ms === undefined ? undefined : clock.now() + ms,
          }),
        ),
      );
    const [short, shorter] = [waiting(2_000), waiting(1_000)];
    await until(() => upstream.asked.length === 1);
    const longer = waiting();
    await until(() => upstream.asked.length === 2);
    expect(upstream.asked.map(({ headers }) => headers['x-request-timeout'])).toEqual(['2.000', '5.000']);
    await clock.advance(1_000);
    expect(await shorter).toMatchObject({ code: 'timeout' });
    expect(upstream.sockets.size).toBe(2);
    await clock.advance(1_000);
    expect(await short).toMatchObject({ code: 'timeout' });
    await until(() => upstream.sockets.size === 1);
    await clock.advance(8_000);
    expect(await longer).toMatchObject({ code: 'timeout' });
    expect(provider.condition().breakers.read).toBe('closed');
  });

  it('leaves nothing on the signal of a caller who makes many calls under it', async () => {
    const { signal } = new AbortController();
    const provider = connect();
    for (let index = 0; index < 5; index += 1)
      await provider.projects?.get({ key: ['p'] }, call('req-1', signal));
    await upstream.stop();
    await faultOf(provider.account.identify({}, call('req-2', signal)));
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('refuses limits that let nothing through', () => {
    expect(() => connect({}, { concurrency: 0 })).toThrow(RangeError);
  });
});

describe('a provider that is ended', () => {
  const reason = new Fault('unavailable', 'demo-1 was removed');

  it('ends what is under way with the reason, also what nobody waits for, and sends nothing more', async () => {
    upstream.answer = () => undefined;
    const ended = new AbortController();
    const provider = connect({ ended: ended.signal });
    const work = [
      faultOf(provider.account.identify({}, call())),
      faultOf(provider.account.identify({}, call())),
      faultOf(provider.projects?.get({ key: ['p'] }, call()) as Promise<unknown>),
    ];
    await until(() => upstream.asked.length === 4);
    ended.abort(reason);
    for (const fault of await Promise.all(work)) {
      expect(fault).toMatchObject({ code: 'unavailable', message: 'demo-1 was removed' });
    }
    await until(() => upstream.sockets.size === 0);
    expect(await faultOf(provider.account.identify({}, call()))).toMatchObject({
      message: 'demo-1 was removed',
    });
    expect(upstream.asked).toHaveLength(4);
  });

  it('ends what it sends of its own, under a signal that no caller has', async () => {
    upstream.answer = () => undefined;
    const ended = new AbortController();
    let own: Promise<unknown> | undefined;
    const definition: ReturnType<typeof demoProvider> = {
      ...demoProvider(),
      connect: (_: unknown, host: Host) => ({
        account: {
          identify: async (_: object, { requestId, traceparent: trace }: Call) => {
            const detached = { requestId, traceparent: trace, signal: new AbortController().signal };
            own = host.send(get(`${upstream.url}/login`, { method: 'POST', repeatable: false }), detached);
            return { name: null };
          },
        },
      }),
    };
    await connect({ definition, ended: ended.signal }).account.identify({}, call());
    await until(() => upstream.asked.length === 1);
    ended.abort(reason);
    expect(await faultOf(own as Promise<unknown>)).toMatchObject({ message: 'demo-1 was removed' });
  });

  it('keeps no listener for a call that has ended', async () => {
    const ended = new AbortController();
    await connect({ ended: ended.signal }).projects?.get({ key: ['p'] }, call());
    expect(getEventListeners(ended.signal, 'abort')).toEqual([]);
  });
});
