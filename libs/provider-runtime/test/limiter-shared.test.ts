import { createLimiter } from '../src/limiter.ts';
import type { Asked, Granted, SharedLimits } from '../src/shared-limits.ts';
import { faultOf } from './upstream.ts';
import { turn, VirtualClock } from './virtual-clock.ts';

const never = new AbortController().signal;

/** What several processes would share: a window of so many requests, and a pause. */
class Window implements SharedLimits {
  readonly asked: Asked[] = [];
  readonly paused: number[] = [];
  left = 0;
  pausedMs = 0;

  async take(asked: Asked): Promise<Granted> {
    this.asked.push(asked);
    const requests = this.pausedMs > 0 ? 0 : Math.max(0, Math.min(asked.wanted, this.left - asked.keep));
    this.left -= requests;
    return { requests, forMs: 100, againInMs: 1_000, pausedMs: this.pausedMs };
  }

  pause(ms: number): void {
    this.paused.push(ms);
  }
}

function limiterOf(perSecond: number) {
  const clock = new VirtualClock();
  const shared = new Window();
  const limiter = createLimiter({ limits: { concurrency: 1_000, perSecond, burst: 20 }, clock, shared });
  let admitted = 0;
  const come = (count: number, background = false) => {
    for (let index = 0; index < count; index += 1)
      void limiter.enter(never, undefined, background).then(() => (admitted += 1));
    return turn();
  };
  return { clock, shared, limiter, come, admitted: () => admitted };
}

describe('the limiter over what processes share', () => {
  it('sends what it is granted, and asks again when it is told to', async () => {
    const { clock, shared, come, admitted } = limiterOf(5);
    shared.left = 3;
    await come(5);
    expect(admitted()).toBe(3);
    shared.left = 10;
    await clock.advance(999);
    expect(admitted()).toBe(3);
    await clock.advance(1);
    expect(admitted()).toBe(5);
    expect(shared.left).toBe(8);
  });

  it('asks once for several where the rate is high, and uses nothing that is too old', async () => {
    const { clock, shared, come, admitted } = limiterOf(100);
    shared.left = 1_000;
    await come(20);
    expect(admitted()).toBe(20);
    expect(shared.asked).toHaveLength(2);
    await come(1);
    expect(shared.asked).toHaveLength(3);
    await clock.advance(100);
    await come(1);
    expect(shared.asked).toHaveLength(4);
  });

  it('keeps a part free of syncs, and does not let a caller wait for what a sync was told', async () => {
    const { shared, come, admitted } = limiterOf(5);
    shared.left = 4; // a fifth of the burst
    await come(3, true);
    expect(admitted()).toBe(0);
    await come(2);
    expect(admitted()).toBe(2);
  });

  it('obeys the pause of another, and tells the others of its own, in the bounds of a minute', async () => {
    const { clock, shared, limiter, come, admitted } = limiterOf(5);
    shared.left = 10;
    shared.pausedMs = 5_000;
    const short = faultOf(limiter.enter(never, clock.now() + 3_000));
    await come(1);
    expect(await short).toMatchObject({ code: 'rate_limited', retryAfterMs: 5_000 });
    shared.pausedMs = 0;
    await clock.advance(4_999);
    expect(admitted()).toBe(0);
    await clock.advance(1);
    expect(admitted()).toBe(1);
    limiter.pause(86_400_000);
    expect(shared.paused).toEqual([60_000]);
  });
});
