import { createLimiter } from '../src/limiter.ts';
import { faultOf } from './upstream.ts';
import { seeded, turn, VirtualClock } from './virtual-clock.ts';

const never = new AbortController().signal;

describe('the limiter', () => {
  it('admits in order of arrival as those before leave', async () => {
    const limiter = createLimiter({ limits: { concurrency: 2 }, clock: new VirtualClock() });
    const admitted: number[] = [];
    const leaves: (() => void)[] = [];
    for (const index of [0, 1, 2, 3]) {
      void limiter.enter(never).then((leave) => {
        admitted.push(index);
        leaves.push(leave);
      });
    }
    await turn();
    expect(admitted).toEqual([0, 1]);
    leaves[1]?.();
    leaves[1]?.(); // leaving twice gives one place back
    await turn();
    expect(admitted).toEqual([0, 1, 2]);
    leaves[0]?.();
    await turn();
    expect(admitted).toEqual([0, 1, 2, 3]);
  });

  it('keeps the rate over a burst', async () => {
    const clock = new VirtualClock();
    const limiter = createLimiter({ limits: { concurrency: 100, perSecond: 4, burst: 2 }, clock });
    let admitted = 0;
    for (let index = 0; index < 10; index += 1) void limiter.enter(never).then(() => (admitted += 1));
    await turn();
    expect(admitted).toBe(2);
    await clock.advance(249);
    expect(admitted).toBe(2);
    await clock.advance(1);
    expect(admitted).toBe(3);
    await clock.advance(1_000);
    expect(admitted).toBe(7);
    await clock.advance(60_000);
    expect(admitted).toBe(10);
    expect(clock.sleeping).toBe(0);
  });

  it('lets an aborted caller leave the line at once, with its place for the next', async () => {
    const limiter = createLimiter({ limits: { concurrency: 1 }, clock: new VirtualClock(), maxWaiting: 2 });
    const first = await limiter.enter(never);
    const caller = new AbortController();
    const second = faultOf(limiter.enter(caller.signal));
    const third = limiter.enter(never);
    expect(await faultOf(limiter.enter(never))).toMatchObject({
      code: 'rate_limited',
      message: 'too many calls waiting',
      retryAfterMs: 1000,
    });
    caller.abort();
    expect(await second).toMatchObject({ code: 'unavailable' });
    const fourth = limiter.enter(never);
    first();
    (await third)();
    (await fourth)();
  });

  it('holds everybody back in a pause, and tells those at once who cannot outlast it', async () => {
    const clock = new VirtualClock();
    const limiter = createLimiter({ limits: { concurrency: 1 }, clock });
    const first = await limiter.enter(never);
    const short = faultOf(limiter.enter(never, clock.now() + 3_000));
    let admitted = 0;
    void limiter.enter(never, clock.now() + 9_000).then(() => (admitted += 1));
    limiter.pause(5_000);
    limiter.pause(1_000); // shorter: changes nothing
    first();
    expect(await short).toMatchObject({ code: 'rate_limited', retryAfterMs: 5_000 });
    await clock.advance(2_000);
    expect(await faultOf(limiter.enter(never, clock.now() + 2_000))).toMatchObject({
      code: 'rate_limited',
      retryAfterMs: 3_000,
    });
    await clock.advance(2_999);
    expect(admitted).toBe(0);
    await clock.advance(1);
    expect(admitted).toBe(1);
  });

  it('believes no pause beyond a minute', async () => {
    const clock = new VirtualClock();
    const limiter = createLimiter({ limits: { concurrency: 1 }, clock });
    limiter.pause(86_400_000);
    let admitted = false;
    void limiter.enter(never).then(() => (admitted = true));
    await clock.advance(60_000);
    expect(admitted).toBe(true);
  });

  it.each([
    [{ concurrency: 0 }],
    [{ concurrency: Number.NaN }],
    [{ concurrency: 1, perSecond: 0 }],
    [{ concurrency: 1, perSecond: 1, burst: 0 }],
  ])('refuses limits that let nothing through: %j', (limits) => {
    expect(() => createLimiter({ limits, clock: new VirtualClock() })).toThrow(RangeError);
  });
});

describe('the limiter, walked at random', () => {
  const seeds = Array.from({ length: 100 }, (_, index) => index + 1);

  it.each(seeds)('keeps every promise with seed %i', async (seed) => {
    const random = seeded(seed);
    const below = (n: number) => Math.floor(random() * n);
    const clock = new VirtualClock();
    const concurrency = 1 + below(4);
    const limited = random() < 0.7;
    const perSecond = 0.5 + random() * 20;
    const burst = 1 + below(5);
    const limiter = createLimiter({
      limits: { concurrency, ...(limited && { perSecond, burst }) },
      clock,
    });
    const waiting = new Map<number, AbortController>();
    const underWay: (() => void)[] = [];
    const admissions: { index: number; at: number }[] = [];
    let pausedUntil = 0;
    let arrived = 0;
    let aborted = 0;

    const arrive = () => {
      const index = arrived++;
      const caller = new AbortController();
      waiting.set(index, caller);
      limiter.enter(caller.signal).then(
        (leave) => {
          waiting.delete(index);
          admissions.push({ index, at: clock.now() });
          underWay.push(leave);
          expect(underWay.length).toBeLessThanOrEqual(concurrency);
          expect(clock.now()).toBeGreaterThanOrEqual(pausedUntil);
        },
        () => {
          waiting.delete(index);
          aborted += 1;
        },
      );
    };
    const leave = () => underWay.splice(below(underWay.length), 1)[0]?.();
    const abort = () => [...waiting.values()][below(waiting.size)]?.abort();

    for (let step = 0; step < 150; step += 1) {
      const dice = random();
      if (dice < 0.4) for (let more = below(4); more >= 0; more -= 1) arrive();
      else if (dice < 0.6) leave();
      else if (dice < 0.75) abort();
      else if (dice < 0.78) {
        const ms = below(3_000);
        await turn(); // who is admitted already is told before the pause, so that it can be checked
        pausedUntil = Math.max(pausedUntil, clock.now() + ms);
        limiter.pause(ms);
      } else await clock.advance(below(400));
      // Several things happen between two turns now and then: those are the races.
      if (random() < 0.5) await turn();
    }
    await turn();
    // A waiter with a free place must have an alarm set for it: nobody is forgotten.
    if (waiting.size > 0 && underWay.length < concurrency) expect(clock.sleeping).toBe(1);
    for (let round = 0; waiting.size > 0 && round < 10_000; round += 1) {
      leave();
      await clock.advance(2_000);
    }

    expect(admissions.length + aborted).toBe(arrived);
    expect(clock.sleeping).toBe(0);
    const order = admissions.map(({ index }) => index);
    expect(order).toEqual([...order].sort((a, b) => a - b));
    if (!limited) return;
    for (const [from, first] of admissions.entries()) {
      for (let to = from; to < admissions.length; to += 1) {
        const seconds = ((admissions[to]?.at ?? 0) - first.at) / 1000;
        if (to - from + 1 > burst + perSecond * seconds + 1e-6) {
          throw new Error(`${to - from + 1} admitted within ${seconds} s at ${perSecond}/s, burst ${burst}`);
        }
      }
    }
  });
});
