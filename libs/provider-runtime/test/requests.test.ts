import { Fault } from '@fleetgate/model';
import type { Call, IncomingResponse, OutgoingRequest, Send } from '@fleetgate/provider-spec';
import { firstAttempt } from '../src/attempt.ts';
import { newCall } from '../src/call.ts';
import { deadline } from '../src/deadline.ts';
import { limit } from '../src/limit.ts';
import { createLimiter } from '../src/limiter.ts';
import { createRetryBudget, retry } from '../src/retry.ts';
import { createTransport, type Transport } from '../src/transport.ts';
import { faultOf, get, json, startUpstream, type Upstream } from './upstream.ts';
import { turn, until, VirtualClock } from './virtual-clock.ts';

let upstream: Upstream;
let transport: Transport;

beforeEach(async () => {
  upstream = await startUpstream((_, response) => json(response, { ok: true }));
  transport = createTransport();
});
afterEach(async () => {
  await transport.close();
  await upstream.stop();
});

const call = (signal: AbortSignal = new AbortController().signal): Call =>
  newCall({ requestId: 'req-12345678', signal, random: Math.random });

/** The chain of connect.ts, over a clock that needs no waiting; backoff is at its longest with `random` near 1. */
function chain(clock: VirtualClock, random = 0.999999): Send {
  const limiter = createLimiter({ limits: { concurrency: 8 }, clock });
  const attempt = limit((request, of) => transport.send(request, of), limiter, clock);
  return retry(attempt, { clock, random: () => random, budget: createRetryBudget() });
}

/** Answers each status once, in order, and 200 from then on. */
function statuses(...list: (number | 'reset' | 'hang')[]): void {
  let asked = 0;
  upstream.answer = (request, response) => {
    const status = list[asked++] ?? 200;
    if (status === 'reset') request.socket.resetAndDestroy();
    else if (status !== 'hang') json(response, { status }, status);
  };
}

/** The same under a deadline that began just now. */
function withDeadline(send: Send, ms: number, clock: VirtualClock) {
  const operation = deadline((request: OutgoingRequest, of) => send(request, of), {
    ms,
    clock,
    label: 'demo',
  });
  return (request: OutgoingRequest): Promise<IncomingResponse> => operation(request, call());
}

describe('a repeatable request', () => {
  it.each([429, 502, 503, 504])('that is answered %i in passing is repeated', async (status) => {
    statuses(status, status);
    const clock = new VirtualClock(true);
    expect(await chain(clock)(get(upstream.url), call())).toMatchObject({ status: 200 });
    expect(upstream.asked).toHaveLength(3);
    expect(clock.slept).toEqual([199, 399]);
  });

  it('that gets no answer, or none in time, is repeated', async () => {
    statuses('reset', 'hang');
    const request = get(upstream.url, { timeoutMs: 100 });
    expect(await chain(new VirtualClock(true))(request, call())).toMatchObject({ status: 200 });
    expect(upstream.asked).toHaveLength(3);
  });

  it('is sent three times at most; the last outcome is the answer', async () => {
    statuses(503, 503, 503);
    expect(await chain(new VirtualClock(true))(get(upstream.url), call())).toMatchObject({ status: 503 });
    expect(upstream.asked).toHaveLength(3);
    statuses('reset', 'reset', 'reset');
    const work = chain(new VirtualClock(true))(get(upstream.url), call());
    expect(await faultOf(work)).toMatchObject({ code: 'unavailable' });
    expect(upstream.asked).toHaveLength(6);
  });

  it.each([400, 401, 404, 409, 500])('that is answered %i is not repeated', async (status) => {
    statuses(status);
    expect(await chain(new VirtualClock(true))(get(upstream.url), call())).toMatchObject({ status });
    expect(upstream.asked).toHaveLength(1);
  });

  it('that was given up is not repeated', async () => {
    statuses('hang');
    const caller = new AbortController();
    const work = faultOf(chain(new VirtualClock(true))(get(upstream.url), call(caller.signal)));
    await until(() => upstream.asked.length === 1);
    caller.abort(new Fault('timeout', 'late'));
    expect(await work).toMatchObject({ code: 'timeout', message: 'late' });
    expect(upstream.asked).toHaveLength(1);
  });

  it('that is given up between two attempts ends at once, with the fault of its caller', async () => {
    statuses(503);
    const clock = new VirtualClock();
    const caller = new AbortController();
    const work = faultOf(chain(clock)(get(upstream.url), call(caller.signal)));
    await until(() => clock.sleeping === 1);
    caller.abort();
    expect(await work).toMatchObject({ code: 'unavailable', message: 'the caller gave up' });
    expect(clock.sleeping).toBe(0);
  });

  it('is spread by jitter over the whole backoff', async () => {
    statuses(503, 503);
    const clock = new VirtualClock(true);
    await chain(clock, 0)(get(upstream.url), call());
    expect(clock.slept).toEqual([0, 0]);
  });
});

it('a request that is not repeatable is sent once, whatever comes of it', async () => {
  const send = chain(new VirtualClock(true));
  const request = get(upstream.url, { method: 'POST', repeatable: false });
  statuses(503, 'reset');
  expect(await send(request, call())).toMatchObject({ status: 503 });
  expect(await faultOf(send(request, call()))).toMatchObject({ code: 'unavailable' });
  expect(upstream.asked).toHaveLength(2);
});

describe('Retry-After', () => {
  const once = (status: number, headers: Record<string, string>) => {
    upstream.answer = (_, response) => {
      if (upstream.asked.length === 1) response.writeHead(status, headers).end();
      else json(response, { ok: true });
    };
  };

  it.each([
    ['seconds', { 'retry-after': '7' }],
    [
      'a date by the clock of the upstream',
      { date: 'Sun, 06 Nov 1994 08:49:30 GMT', 'retry-after': 'Sun, 06 Nov 1994 08:49:37 GMT' },
    ],
  ])('in %s is waited for', async (_, headers) => {
    once(503, headers);
    const clock = new VirtualClock(true);
    expect(await chain(clock, 0)(get(upstream.url), call())).toMatchObject({ status: 200 });
    expect(clock.slept).toEqual([7_000]);
  });

  it.each(['-1', 'soon', 'Sun, 99 Nov 1994 08:49:37 GMT', ''])('of "%s" says nothing', async (text) => {
    once(503, { 'retry-after': text });
    const clock = new VirtualClock(true);
    await chain(clock, 0)(get(upstream.url), call());
    expect(clock.slept).toEqual([0]);
  });

  it('that does not fit into the deadline is the answer at once', async () => {
    once(429, { 'retry-after': '30' });
    const clock = new VirtualClock();
    const response = await withDeadline(chain(clock), 10_000, clock)(get(upstream.url));
    expect(response).toMatchObject({ status: 429, headers: { 'retry-after': '30' } });
    expect(upstream.asked).toHaveLength(1);
  });

  it('beyond a minute is the answer at once, even without a deadline', async () => {
    once(503, { 'retry-after': '3600' });
    expect(await chain(new VirtualClock(true))(get(upstream.url), call())).toMatchObject({ status: 503 });
  });

  it('of a 429 holds back the other requests of the connection, and fails at once those who cannot wait', async () => {
    once(429, { 'retry-after': '20' });
    const clock = new VirtualClock();
    const send = chain(clock, 0);
    const refused = send(get(upstream.url), call());
    await until(() => clock.sleeping === 1);
    expect(await faultOf(withDeadline(send, 10_000, clock)(get(upstream.url)))).toMatchObject({
      code: 'rate_limited',
      retryAfterMs: 20_000,
    });
    const patient = withDeadline(send, 30_000, clock)(get(upstream.url));
    await clock.advance(19_999);
    expect(upstream.asked).toHaveLength(1);
    await clock.advance(1);
    expect(await patient).toMatchObject({ status: 200 });
    expect(await refused).toMatchObject({ status: 200 });
    expect(upstream.asked).toHaveLength(3);
  });
});

describe('the retry budget', () => {
  it('answers an outage with one retry for five requests, after three at first', async () => {
    upstream.answer = (_, response) => json(response, {}, 503);
    const send = chain(new VirtualClock(true));
    for (let index = 0; index < 100; index += 1) await send(get(upstream.url), call());
    expect(upstream.asked.length).toBeGreaterThan(100);
    expect(upstream.asked.length).toBeLessThanOrEqual(100 + 3 + 20);
  });

  it('saves up no more than three in good times', () => {
    const budget = createRetryBudget();
    for (let index = 0; index < 1_000; index += 1) budget.earn();
    expect([budget.spend(), budget.spend(), budget.spend(), budget.spend()]).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });
});

describe('the limits', () => {
  it('hold over the requests of all operations, and give every place back whatever happens', async () => {
    const clock = new VirtualClock();
    const limiter = createLimiter({ limits: { concurrency: 2 }, clock });
    const send = limit((request, of) => transport.send(request, of), limiter, clock);
    let underWay = 0;
    let most = 0;
    upstream.answer = (request, response) => {
      underWay += 1;
      most = Math.max(most, underWay);
      setTimeout(() => {
        underWay -= 1;
        if (upstream.asked.length % 3 === 0) request.socket.resetAndDestroy();
        else json(response, {});
      }, 5);
    };
    const requests = Array.from({ length: 30 }, () => send(get(upstream.url), call(), firstAttempt()));
    await Promise.allSettled(requests);
    expect(upstream.asked).toHaveLength(30);
    expect(most).toBe(2);
    await turn();
    const leaves = await Promise.all([limiter.enter(call().signal), limiter.enter(call().signal)]);
    expect(leaves).toHaveLength(2);
  });
});
