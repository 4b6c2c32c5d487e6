import type { ServerResponse } from 'node:http';
import type { Call, OutgoingRequest } from '@fleetgate/provider-spec';
import type { SendAttempt } from '../src/attempt.ts';
import { newCall, noTraffic, withContext } from '../src/call.ts';
import type { CallClass } from '../src/classes.ts';
import { createHedgeBudget, hedge } from '../src/hedge.ts';
import type { RequestEvent } from '../src/index.ts';
import { createLatencies } from '../src/latencies.ts';
import { limit } from '../src/limit.ts';
import { createLimiter } from '../src/limiter.ts';
import { createRetryBudget, retry } from '../src/retry.ts';
import { observe, propagate } from '../src/trace.ts';
import { createTransport, type Transport } from '../src/transport.ts';
import { faultOf, get, json, startUpstream, type Upstream } from './upstream.ts';
import { turn, until, VirtualClock } from './virtual-clock.ts';

let upstream: Upstream;
let transport: Transport;
let clock: VirtualClock;
let events: RequestEvent[];
/** answers that the upstream keeps back */
let held: ServerResponse[];

beforeEach(async () => {
  upstream = await startUpstream((_, response) => json(response, { ok: true }));
  transport = createTransport();
  clock = new VirtualClock();
  events = [];
  held = [];
});
afterEach(async () => {
  await transport.close();
  await upstream.stop();
});

function call(of: CallClass = 'read', signal: AbortSignal = new AbortController().signal): Call {
  const plain = newCall({ requestId: 'req-12345678', signal, random: Math.random });
  return withContext(plain, { operation: 'clusters.get', class: of, traffic: noTraffic() });
}

interface Parts {
  concurrency?: number;
  closed?: () => boolean;
  send?: SendAttempt;
  /** milliseconds that reads have taken so far, and how many */
  usual?: number;
  samples?: number;
  /** hedges that may go */
  saved?: number;
}

/** The chain of connect.ts, with what it has learnt before. */
function chain(parts: Parts = {}) {
  const { concurrency = 8, closed = () => true, usual = 100, samples = 60, saved = 1 } = parts;
  const limiter = createLimiter({ limits: { concurrency }, clock });
  const latencies = createLatencies();
  for (let each = 0; each < samples; each += 1) latencies.record(usual);
  const budget = createHedgeBudget();
  for (let each = 0; each < saved * 20; each += 1) budget.earn();
  const attempt = propagate(parts.send ?? ((request, of) => transport.send(request, of)), Math.random, clock);
  const observer = { request: (event: RequestEvent) => void events.push(event) };
  const observed = observe(attempt, { connection: 'demo-1', provider: 'demo', clock, observer });
  const hedged = hedge(observed, { clock, latencies, budget, limiter, closed });
  const send = retry(limit(hedged, limiter, clock), { clock, random: () => 0, budget: createRetryBudget() });
  return { send, latencies, limiter };
}

/** Keeps back the first answer; those after it are given. */
function holdFirst(): void {
  upstream.answer = (_, response) => {
    if (held.length === 0) held.push(response);
    else json(response, { second: true });
  };
}

/** Sends, and lets `ms` pass once it is there. */
async function asked(work: Promise<unknown>, ms: number): Promise<void> {
  work.catch(() => undefined); // the test looks at it itself, later
  await until(() => upstream.asked.length === 1);
  await clock.advance(ms);
}

it('a read that takes longer than usual is asked a second time; who is answered first ends the other', async () => {
  holdFirst();
  const { send } = chain();
  const of = call();
  let closed = false;
  const work = send(get(upstream.url), of);
  await asked(work, 95);
  expect(upstream.asked).toHaveLength(1);
  held[0]?.on('close', () => {
    closed = true;
  });
  await clock.advance(10);
  expect((await work).text).toBe('{"second":true}');
  await until(() => closed); // the upstream sees that nobody waits for the first
  await until(() => events.length === 2);
  expect(events.find(({ again }) => again === 'hedge')).toMatchObject({ attempt: 2, status: 200 });
  expect(events.find(({ attempt }) => attempt === 1)).toMatchObject({ outrun: true });
  expect(events.find(({ attempt }) => attempt === 1)).not.toHaveProperty('fault');
  expect(new Set(upstream.asked.map(({ headers }) => headers.traceparent)).size).toBe(2);
});

it('the one that lost says nothing to the breaker, and both places are given back', async () => {
  holdFirst();
  const { send, limiter } = chain({ concurrency: 2 });
  const traffic = noTraffic();
  const of = withContext(call(), { operation: 'clusters.get', class: 'read', traffic });
  const work = send(get(upstream.url), of);
  await asked(work, 110);
  await work;
  await until(() => events.length === 2);
  await turn();
  expect(traffic).toEqual({ sent: 1, answered: 1, well: 1 });
  expect([limiter.tryEnter(), limiter.tryEnter(), limiter.tryEnter()].map(Boolean)).toEqual([
    true,
    true,
    false,
  ]);
});

it('the first one may still win', async () => {
  upstream.answer = (_, response) => void held.push(response);
  const { send } = chain();
  const work = send(get(upstream.url), call());
  await asked(work, 110);
  await until(() => held.length === 2);
  json(held[0] as ServerResponse, { first: true });
  expect((await work).text).toBe('{"first":true}');
  await until(() => events.length === 2);
  expect(events.find(({ again }) => again === 'hedge')).toMatchObject({ outrun: true });
});

it('a second answer that is no good one does not win', async () => {
  upstream.answer = (_, response) => {
    if (held.length === 0) held.push(response);
    else json(response, {}, 429);
  };
  const { send } = chain();
  const work = send(get(upstream.url), call());
  await asked(work, 110);
  await until(() => events.length === 1);
  json(held[0] as ServerResponse, { first: true });
  expect((await work).text).toBe('{"first":true}');
});

it('when both fail, the first one’s outcome is the answer; a retry has the next number and is not hedged', async () => {
  upstream.answer = (_, response) => {
    if (upstream.asked.length <= 2) held.push(response);
    else json(response, { third: true });
  };
  const { send } = chain({ saved: 3 });
  const work = send(get(upstream.url), call());
  await asked(work, 110);
  await until(() => held.length === 2);
  json(held[1] as ServerResponse, {}, 500);
  await until(() => events.length === 1);
  json(held[0] as ServerResponse, {}, 503);
  await until(() => clock.sleeping === 1 || upstream.asked.length === 3);
  await clock.advance(1);
  expect((await work).text).toBe('{"third":true}');
  expect(events.map(({ attempt, again }) => [attempt, again])).toEqual([
    [2, 'hedge'],
    [1, undefined],
    [3, 'retry'],
  ]);
});

it('a caller who goes ends both', async () => {
  upstream.answer = (_, response) => void held.push(response);
  const caller = new AbortController();
  const { send } = chain();
  const work = send(get(upstream.url), call('read', caller.signal));
  await asked(work, 110);
  await until(() => held.length === 2);
  caller.abort();
  expect(await faultOf(work)).toMatchObject({ code: 'unavailable', message: 'the caller gave up' });
  await until(() => upstream.sockets.size === 0);
});

describe('no second one goes', () => {
  const never: [string, Parts, CallClass, Partial<OutgoingRequest>][] = [
    ['before there are enough samples', { samples: 49 }, 'read', {}],
    ['without a share that is left', { saved: 0 }, 'read', {}],
    ['while the circuit is not closed', { closed: () => false }, 'read', {}],
    ['where the limits leave no place', { concurrency: 1 }, 'read', {}],
    ['for a write', {}, 'write', {}],
    ['for a sync', {}, 'sync', {}],
    ['for a call of the upstream’s own API', {}, 'native', {}],
    ['for what changes something', {}, 'read', { repeatable: false }],
    ['for a login', {}, 'read', { preliminary: true }],
  ];
  it.each(never)('%s', async (_, parts, of, more) => {
    holdFirst();
    const { send } = chain(parts);
    const work = send(get(upstream.url, more), call(of));
    await asked(work, 4_000);
    json(held[0] as ServerResponse, { first: true });
    expect((await work).text).toBe('{"first":true}');
    expect(upstream.asked).toHaveLength(1);
  });

  it('sooner than after 20 ms', async () => {
    holdFirst();
    const { send } = chain({ usual: 1 });
    const work = send(get(upstream.url), call());
    await asked(work, 19);
    expect(events).toHaveLength(0);
    expect(upstream.asked).toHaveLength(1);
    await clock.advance(2);
    expect((await work).text).toBe('{"second":true}');
  });
});

it('of 1,000 reads that are all slow, one in twenty is asked a second time', async () => {
  const skipping = new VirtualClock(true); // every wait for the second is over at once
  clock = skipping;
  const { send } = chain({
    saved: 0,
    send: () => turn().then(() => ({ status: 200, headers: {}, text: '' })),
  });
  for (let read = 0; read < 1_000; read += 1) await send(get(upstream.url), call());
  await until(() => events.length === 1_050); // the last one is told of when it has been ended
  expect(events.filter(({ again }) => again === 'hedge').length).toBe(50);
});

it('what is usual follows the last answers', () => {
  const latencies = createLatencies();
  for (let each = 0; each < 49; each += 1) latencies.record(10);
  expect(latencies.p95()).toBeUndefined();
  for (let each = 0; each < 500; each += 1) latencies.record(10);
  expect(latencies.p95()).toBe(10);
  for (let each = 0; each < 300; each += 1) latencies.record(400);
  expect(latencies.p95()).toBeGreaterThanOrEqual(398);
  for (let each = 0; each < 300; each += 1) latencies.record(30);
  expect(latencies.p95()).toBe(30);
});
