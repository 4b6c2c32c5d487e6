import { Readable } from 'node:stream';
import type { ProviderDefinition } from '@fleetgate/provider-spec';
import {
  connectProvider,
  createTransport,
  memoryTokens,
  type PassBounds,
  type RequestEvent,
  systemClock,
  type Transport,
} from '../src/index.ts';
import { Row } from '../src/row.ts';
import { demoProvider } from './demo-provider.ts';
import { faultOf, startUpstream, type Upstream } from './upstream.ts';

let upstream: Upstream;
let transport: Transport;
let events: RequestEvent[];
let renewals: number;
beforeEach(async () => {
  upstream = await startUpstream((_, response) => void response.end('fine'));
  transport = createTransport();
  events = [];
  renewals = 0;
});
afterEach(async () => {
  await transport.close();
  await upstream.stop();
});

const credential = (value: string) => ({ value, headers: { 'x-key': value } });

function connect(passBounds: Partial<PassBounds> = {}, ended?: AbortSignal, held = true) {
  const definition: ProviderDefinition = {
    ...demoProvider(),
    limits: () => ({ concurrency: 1 }),
    connect: () => ({
      account: { identify: async () => ({ name: 'demo' }) },
      native: {
        baseUrl: upstream.url,
        ...(held ? { held: () => credential('old') } : {}),
        credential: async () => credential('old'),
        renew: async () => {
          renewals += 1;
          return credential('new');
        },
      },
    }),
  };
  const connected = connectProvider({
    connection: 'demo-1',
    definition,
    settings: {},
    transport,
    clock: systemClock,
    random: Math.random,
    tokens: memoryTokens(systemClock),
    observer: { request: (event) => void events.push(event) },
    passBounds,
    ...(ended ? { ended } : {}),
  });
  const { passThrough } = connected;
  if (!passThrough) throw new Error('it has no way through');
  /** Begins a call; `done` gives its status and body. */
  const begin = (body: Buffer | Readable | null = null, deadlineAt?: number) => {
    let status = 0;
    let text = '';
    const { promise: done, resolve, reject } = Promise.withResolvers<[number, string]>();
    const call = passThrough.pass(
      { method: body ? 'POST' : 'GET', target: '/x?y=1', headers: [], body },
      {
        head(given) {
          status = given;
        },
        data(chunk) {
          text += chunk;
          return true;
        },
        end: () => resolve([status, text]),
        fail: reject,
      },
      { requestId: 'req-12345678', deadlineAt },
    );
    done.catch(() => undefined); // whoever asks is told
    return { call, done };
  };
  return { begin, condition: () => connected.condition() };
}

describe.each([true, false])('a call that goes through, its credential at hand: %s', (held) => {
  it('is sent, told of once, and leaves nothing behind', async () => {
    const { begin, condition } = connect({}, undefined, held);
    const { call, done } = begin();
    expect(await done).toEqual([200, 'fine']);
    expect(events).toMatchObject([{ attempt: 1, status: 200, bytes: 4, operation: 'native.call' }]);
    expect(condition().underWay.native).toBe(0);
    call.leave(); // too late, and of no consequence
    call.resume();
    expect(await begin().done).toEqual([200, 'fine']);
  });

  it('is sent once more with a new session, unless its body came by a stream', async () => {
    upstream.answer = (request, response) => {
      response.statusCode = request.headers['x-key'] === 'new' ? 200 : 401;
      request.resume().once('end', () => response.end('said'));
    };
    const { begin, condition } = connect({}, undefined, held);
    expect(await begin(Buffer.from('body')).done).toEqual([200, 'said']);
    expect(events.map(({ status, again }) => [status, again])).toEqual([
      [401, undefined],
      [200, 'retry'],
    ]);
    expect(await begin(Readable.from([Buffer.from('body')])).done).toEqual([401, 'said']);
    expect(renewals).toBe(2);
    await new Promise(setImmediate);
    expect(condition().underWay.native).toBe(0);
  });
});

describe('a call that takes too long ends', () => {
  it.each([
    ['to begin its answer', { headMs: 60 }, 'did not answer within 60 ms'],
    ['over all', { totalMs: 60 }, 'did not end within 60 ms'],
  ])('%s', async (_, bounds, message) => {
    upstream.answer = () => undefined;
    const { begin, condition } = connect(bounds);
    expect(await faultOf(begin().done)).toMatchObject({
      code: 'timeout',
      message: expect.stringContaining(message),
    });
    expect(events).toMatchObject([{ fault: 'timeout' }]);
    expect(condition().underWay.native).toBe(0);
  });

  it('standing still in its answer', async () => {
    upstream.answer = (_, response) => void response.writeHead(200).write('begun');
    const fault = await faultOf(connect({ idleMs: 60 }).begin().done);
    expect(fault.message).toContain('did not go on with its answer for 60 ms');
  });

  it('at the time that its caller named', async () => {
    upstream.answer = () => undefined;
    const began = Date.now();
    expect((await faultOf(connect().begin(null, began + 80).done)).code).toBe('timeout');
    expect(Date.now() - began).toBeLessThan(500);
  });
});

describe('a call whose caller goes', () => {
  it('while it stands in line was never sent, and the line goes on', async () => {
    const waiting: (() => void)[] = [];
    upstream.answer = (_, response) => void waiting.push(() => response.end('late'));
    const { begin, condition } = connect();
    const first = begin();
    const second = begin();
    const third = begin();
    second.call.leave();
    await expect(second.done).rejects.toMatchObject({ code: 'unavailable', sent: false });
    for (const { done } of [first, third]) {
      while (waiting.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      waiting.shift()?.();
      expect(await done).toEqual([200, 'late']);
    }
    expect(upstream.asked).toHaveLength(2);
    expect(condition().underWay.native).toBe(0);
  });
});

it('ends with its connection, and none begins after that', async () => {
  upstream.answer = () => undefined;
  const ending = new AbortController();
  const { begin } = connect({}, ending.signal);
  const calls = [begin(), begin()];
  ending.abort();
  for (const { done } of [...calls, begin()]) expect((await faultOf(done)).code).toBe('unavailable');
});

it('a row keeps the order, whoever leaves it, and nothing of those who left', () => {
  const row = new Row<{ name: string; row?: object; before?: never; after?: never }>();
  const [a, b, c] = ['a', 'b', 'c'].map((name) => ({ name })) as [never, never, never];
  for (const one of [a, b, c]) row.add(one);
  expect([row.delete(b), row.delete(b)]).toEqual([true, false]);
  expect([...row]).toEqual([a, c]);
  row.add(b);
  row.delete(a);
  expect([row.first, row.size]).toEqual([c, 2]);
  expect(Object.values(a)).toEqual(['a', undefined, undefined, undefined]);
});
