import { createLimiter, type Limiter } from '../src/limiter.ts';
import { seeded, turn, VirtualClock } from './virtual-clock.ts';

const never = new AbortController().signal;

/** Who was admitted, in order, with what each must call when it is done. */
function admissionsOf(limiter: Limiter) {
  const order: string[] = [];
  const leaves = new Map<string, () => void>();
  const come = (name: string, background: boolean) =>
    void limiter.enter(never, undefined, background).then((leave) => {
      order.push(name);
      leaves.set(name, leave);
    });
  return { order, leaves, come };
}

describe('syncs at the limiter', () => {
  it.each([
    [1, 1],
    [2, 1],
    [5, 4],
    [10, 8],
    [Number.POSITIVE_INFINITY, 30],
  ])('of %d places, take at most %d', async (concurrency, most) => {
    const limiter = createLimiter({ limits: { concurrency }, clock: new VirtualClock() });
    const { order, come } = admissionsOf(limiter);
    for (let index = 0; index < 30; index += 1) come('sync', true);
    await turn();
    expect(order).toHaveLength(most);
    if (concurrency > 1) {
      come('caller', false);
      await turn();
      expect(order.at(-1)).toBe('caller');
    }
  });

  it('leave a part of the burst, so that a long sync does not delay a caller', async () => {
    const clock = new VirtualClock();
    const limits = { concurrency: 100, perSecond: 10, burst: 10 };
    const { order, come } = admissionsOf(createLimiter({ limits, clock }));
    for (let index = 0; index < 50; index += 1) come('sync', true);
    await turn();
    expect(order).toHaveLength(8);
    come('caller', false);
    come('caller', false);
    await turn(); // no time has passed
    expect(order.slice(8)).toEqual(['caller', 'caller']);
    await clock.advance(4_000); // the rate is theirs alone now, but for what fills the part that they leave
    expect(order).toHaveLength(10 + 38);
    come('caller', false);
    await turn();
    expect(order.at(-1)).toBe('caller');
  });

  it('go after callers who wait, in their own order, and go on under steady callers', async () => {
    const limiter = createLimiter({ limits: { concurrency: 1 }, clock: new VirtualClock() });
    const { order, leaves, come } = admissionsOf(limiter);
    come('first', false);
    await turn();
    for (const index of [0, 1, 2]) come(`sync ${index}`, true);
    for (let index = 0; index < 12; index += 1) come(`caller ${index}`, false);
    for (let index = 0; index < 15; index += 1) {
      leaves.get(order.at(-1) ?? '')?.();
      await turn();
    }
    const callers = (from: number) => [0, 1, 2, 3].map((index) => `caller ${from + index}`);
    expect(order).toEqual([
      'first',
      ...callers(0),
      'sync 0',
      ...callers(4),
      'sync 1',
      ...callers(8),
      'sync 2',
    ]);
  });

  it('get their share of the rate too when callers want all of it', async () => {
    const clock = new VirtualClock();
    const { order, come } = admissionsOf(
      createLimiter({ limits: { concurrency: 1000, perSecond: 10, burst: 5 }, clock }),
    );
    for (let index = 0; index < 200; index += 1) come('caller', false);
    for (let index = 0; index < 20; index += 1) come('sync', true);
    await clock.advance(10_000);
    expect(order).toHaveLength(105);
    expect(order.filter((name) => name === 'sync')).toHaveLength(20);
  });

  it.each(Array.from({ length: 50 }, (_, index) => index + 1))(
    'keep every promise with seed %i',
    async (seed) => {
      const random = seeded(seed);
      const below = (n: number) => Math.floor(random() * n);
      const clock = new VirtualClock();
      const concurrency = 1 + below(6);
      const limited = random() < 0.7;
      const limiter = createLimiter({
        limits: { concurrency, ...(limited && { perSecond: 1 + random() * 20, burst: 1 + below(8) }) },
        clock,
      });
      const free = concurrency < 2 ? 0 : Math.ceil(concurrency * 0.2);
      const waiting = { caller: new Set<AbortController>(), sync: new Set<AbortController>() };
      const order = { caller: [] as number[], sync: [] as number[] };
      const underWay: { kind: 'caller' | 'sync'; leave: () => void }[] = [];
      let arrived = 0;
      let gone = 0;
      const arrive = () => {
        const index = arrived++;
        const kind = random() < 0.5 ? 'sync' : 'caller';
        const own = new AbortController();
        waiting[kind].add(own);
        limiter.enter(own.signal, undefined, kind === 'sync').then(
          (leave) => {
            waiting[kind].delete(own);
            order[kind].push(index);
            underWay.push({ kind, leave });
            expect(underWay.length).toBeLessThanOrEqual(concurrency);
            expect(underWay.filter((one) => one.kind === 'sync').length).toBeLessThanOrEqual(
              concurrency - free,
            );
          },
          () => {
            waiting[kind].delete(own);
            gone += 1;
          },
        );
      };
      const leave = () => underWay.splice(below(underWay.length), 1)[0]?.leave();
      for (let step = 0; step < 150; step += 1) {
        const dice = random();
        const all = [...waiting.caller, ...waiting.sync];
        if (dice < 0.4) for (let more = below(4); more >= 0; more -= 1) arrive();
        else if (dice < 0.65) leave();
        else if (dice < 0.75) all[below(all.length)]?.abort();
        else if (dice < 0.78) limiter.pause(below(3_000));
        else await clock.advance(below(400));
        if (random() < 0.5) await turn();
      }
      for (let round = 0; waiting.caller.size + waiting.sync.size > 0 && round < 5_000; round += 1) {
        leave();
        await clock.advance(5_000);
      }
      expect(order.caller.length + order.sync.length + gone).toBe(arrived);
      expect(clock.sleeping).toBe(0);
      for (const line of [order.caller, order.sync]) expect(line).toEqual([...line].sort((a, b) => a - b));
    },
  );
});
