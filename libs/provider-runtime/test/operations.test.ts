import { Fault } from '@fleetgate/model';
import type { Call, Operation } from '@fleetgate/provider-spec';
import { newCall } from '../src/call.ts';
import { coalesce } from '../src/coalesce.ts';
import { deadline } from '../src/deadline.ts';
import { deadlineOf } from '../src/deadlines.ts';
import { mapOperations } from '../src/operations.ts';
import { faultOf } from './upstream.ts';
import { turn, VirtualClock } from './virtual-clock.ts';

const call = (signal: AbortSignal = new AbortController().signal, requestId = 'req-12345678'): Call =>
  newCall({ requestId, signal, random: Math.random });

/** An operation that a test ends by hand. */
function manual<In = object>() {
  const runs: {
    input: In;
    call: Call;
    resolve: (value: object) => void;
    reject: (error: unknown) => void;
  }[] = [];
  const run: Operation<In, object> = (input, of) =>
    new Promise((resolve, reject) => runs.push({ input, call: of, resolve, reject }));
  return { runs, run };
}

describe('a deadline', () => {
  it('ends an operation that listens to nothing, and names it', async () => {
    const clock = new VirtualClock();
    const { run, runs } = manual();
    const work = faultOf(deadline(run, { ms: 10_000, clock, label: 'fm-east clusters.get' })({}, call()));
    await clock.advance(9_999);
    expect(runs[0]?.call.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(await work).toEqual({
      name: 'Fault',
      code: 'timeout',
      message: 'fm-east clusters.get did not end within 10000 ms',
    });
    expect(runs[0]?.call.signal.aborted).toBe(true);
  });

  it('ends with the caller, and leaves no timer behind', async () => {
    const clock = new VirtualClock();
    const caller = new AbortController();
    const { run, runs } = manual();
    const work = faultOf(deadline(run, { ms: 10_000, clock, label: 'x' })({}, call(caller.signal)));
    await turn();
    caller.abort();
    expect(await work).toMatchObject({ code: 'unavailable' });
    expect(runs[0]?.call.signal.aborted).toBe(true);
    await turn();
    expect(clock.sleeping).toBe(0);
  });

  it('does not begin for a caller who is gone', async () => {
    const { run, runs } = manual();
    const gone = call(AbortSignal.abort(new Fault('timeout', 'gone')));
    const work = deadline(run, { ms: 1, clock: new VirtualClock(), label: 'x' })({}, gone);
    expect(await faultOf(work)).toMatchObject({ message: 'gone' });
    expect(runs).toHaveLength(0);
  });

  it('within another is the earlier of the two', async () => {
    const clock = new VirtualClock();
    const seen: (number | undefined)[] = [];
    const look: Operation<object, void> = async (_, { signal }) => void seen.push(deadlineOf(signal));
    const now = clock.now();
    const inner = deadline(look, { ms: 500, clock, label: 'inner' });
    await deadline(inner, { ms: 200, clock, label: 'outer' })({}, call());
    await deadline(inner, { ms: 900, clock, label: 'outer' })({}, call());
    expect(seen).toEqual([now + 200, now + 500]);
  });

  it('ends what a failed operation left running', async () => {
    const left = Promise.withResolvers<unknown>();
    const run: Operation<object, void> = (_, { signal }) => {
      signal.addEventListener('abort', () => left.resolve(signal.reason));
      return Promise.reject(new Fault('conflict', 'first to fail'));
    };
    const work = deadline(run, { ms: 1_000, clock: new VirtualClock(), label: 'x' })({}, call());
    expect(await faultOf(work)).toMatchObject({ code: 'conflict' });
    expect(await left.promise).toMatchObject({ code: 'conflict' });
  });
});

describe('equal reads', () => {
  it('that are under way at once are one, whatever the order of their keys', async () => {
    const { run, runs } = manual();
    const read = coalesce(run);
    const both = [read({ a: 1, b: { c: 2, d: 3 } }, call()), read({ b: { d: 3, c: 2 }, a: 1 }, call())];
    const other = read({ a: 2 }, call());
    await turn();
    expect(runs).toHaveLength(2);
    const answer = {};
    runs[0]?.resolve(answer);
    expect((await Promise.all(both)).every((got) => got === answer)).toBe(true);
    runs[1]?.resolve({});
    await other;
  });

  it('of which the first caller gives up go on for the others', async () => {
    const { run, runs } = manual();
    const read = coalesce(run);
    const leader = new AbortController();
    const first = faultOf(read({}, call(leader.signal)));
    const second = read({}, call());
    await turn();
    leader.abort(new Fault('timeout', 'mine only'));
    expect(await first).toMatchObject({ message: 'mine only' });
    expect(runs[0]?.call.signal.aborted).toBe(false);
    runs[0]?.resolve({ whole: true });
    expect(await second).toEqual({ whole: true });
  });

  it('that everybody left are ended, and the next caller begins anew', async () => {
    const { run, runs } = manual();
    const read = coalesce(run);
    const callers = [new AbortController(), new AbortController()];
    const work = callers.map((caller) => faultOf(read({}, call(caller.signal))));
    await turn();
    for (const caller of callers) caller.abort();
    await Promise.all(work);
    expect(runs[0]?.call.signal.aborted).toBe(true);
    const next = read({}, call());
    await turn();
    expect(runs).toHaveLength(2);
    // The old flight ends late: it must not take the entry of the new one with it.
    runs[0]?.reject(new Fault('unavailable', 'old'));
    await turn();
    const joined = read({}, call());
    await turn();
    expect(runs).toHaveLength(2);
    runs[1]?.resolve({ fresh: true });
    expect(await Promise.all([next, joined])).toEqual([{ fresh: true }, { fresh: true }]);
  });

  it('share a failure and keep it no longer than the flight', async () => {
    const { run, runs } = manual();
    const read = coalesce(run);
    const both = [faultOf(read({}, call())), faultOf(read({}, call()))];
    await turn();
    runs[0]?.reject(new Fault('conflict', 'no'));
    expect((await Promise.all(both)).map((fault) => fault['code'])).toEqual(['conflict', 'conflict']);
    const again = read({}, call());
    await turn();
    runs[1]?.resolve({ ok: true });
    expect(await again).toEqual({ ok: true });
  });

  it('one after another are never shared', async () => {
    let runs = 0;
    const read = coalesce<object, number>(async () => ++runs);
    expect([await read({}, call()), await read({}, call())]).toEqual([1, 2]);
  });

  it('that are joined again and again end by the bound of the flight', async () => {
    const clock = new VirtualClock();
    const { run, runs } = manual();
    const bound = { ms: 10_000, clock, label: 'x' };
    const read = deadline(coalesce(deadline(run, bound)), bound);
    const work = [faultOf(read({}, call()))];
    await clock.advance(6_000);
    work.push(faultOf(read({}, call())));
    await clock.advance(4_000);
    expect((await Promise.all(work)).map((fault) => fault['code'])).toEqual(['timeout', 'timeout']);
    expect(runs).toHaveLength(1);
    expect(runs[0]?.call.signal.aborted).toBe(true);
  });
});

it('every operation of every facet is wrapped, and an absent facet stays absent', async () => {
  const seen: string[] = [];
  const list = async () => ({ items: [] });
  const missing = async () => Promise.reject(new Fault('not_found', 'no'));
  const provider = mapOperations(
    {
      account: { identify: async () => ({ name: null }) },
      clusters: { list, get: missing },
    },
    (operation, name) => (input, of) => {
      seen.push(`${name.facet}.${name.operation}`);
      return operation(input, of);
    },
  );
  await provider.account.identify({}, call());
  await provider.clusters?.list({}, call());
  await faultOf(Promise.resolve(provider.clusters?.get({ key: ['a'] }, call())));
  expect(seen).toEqual(['account.identify', 'clusters.list', 'clusters.get']);
  expect(Object.keys(provider)).toEqual(['account', 'clusters']);
});
