import { Fault } from '@fleetgate/model';
import type { Clock, Limits } from '@fleetgate/provider-spec';
import { faultOfSignal } from './call.ts';

/** a longer pause is not believed: the upstream is asked again after this, in milliseconds */
const longestPauseMs = 60_000;

/** Admits requests one after another, in the order in which they came. */
export interface Limiter {
  /**
   * Resolves when the caller may send, with what it must call when it is done. Rejects with the signal's fault; with
   * `rate_limited` when too many wait already, or when the upstream's pause outlasts `deadlineAt` (milliseconds since the
   * epoch). A caller whose signal is aborted leaves the line at once.
   */
  enter(signal: AbortSignal, deadlineAt?: number): Promise<() => void>;
  /** Admits nobody for `ms` (at most a minute); a shorter pause than the present one changes nothing. */
  pause(ms: number): void;
}

export interface LimiterOptions {
  limits: Limits;
  clock: Clock;
  /** how many may wait at once */
  maxWaiting?: number;
}

interface Waiter {
  readonly deadlineAt: number;
  readonly admit: () => void;
  readonly refuse: (fault: Fault) => void;
}

export function createLimiter({ limits, clock, maxWaiting = 1000 }: LimiterOptions): Limiter {
  const { concurrency, perSecond } = limits;
  const burst = limits.burst ?? Math.max(1, perSecond ?? 1);
  if (!(concurrency >= 1) || !(burst >= 1) || (perSecond !== undefined && !(perSecond > 0))) {
    throw new RangeError('limits need concurrency and burst of at least 1 and a positive perSecond');
  }
  const waiting = new Set<Waiter>(); // in order of arrival
  let underWay = 0;
  let tokens = burst;
  let filledAt = clock.now();
  let pausedUntil = 0;
  let alarm: { at: number; off: AbortController } | undefined;

  /** When the next one may go as far as time is concerned: now, or later. */
  function nextAt(now: number): number {
    // A clock that was set back must not stop the connection for as long.
    pausedUntil = Math.min(pausedUntil, now + longestPauseMs);
    if (pausedUntil > now) return pausedUntil;
    if (perSecond === undefined) return now;
    tokens = Math.min(burst, tokens + (Math.max(0, now - filledAt) * perSecond) / 1000);
    filledAt = now;
    return tokens >= 1 ? now : now + Math.ceil(((1 - tokens) * 1000) / perSecond);
  }

  function advance(): void {
    for (const first of waiting) {
      if (underWay >= concurrency) break; // whoever leaves calls here again
      const now = clock.now();
      const at = nextAt(now);
      if (at > now) {
        wakeAt(at, now);
        return;
      }
      if (perSecond !== undefined) tokens -= 1;
      underWay += 1;
      waiting.delete(first);
      first.admit();
    }
    alarm?.off.abort(null); // null: nobody reads the reason
    alarm = undefined;
  }

  function wakeAt(at: number, now: number): void {
    if (alarm && alarm.at <= at) return;
    alarm?.off.abort(null);
    const mine = { at, off: new AbortController() };
    alarm = mine;
    clock.sleep(at - now, mine.off.signal).then(
      () => {
        if (alarm !== mine) return;
        alarm = undefined;
        advance();
      },
      () => undefined, // another alarm took over, or nobody waits any more
    );
  }

  function leaveOnce(): () => void {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      underWay -= 1;
      advance();
    };
  }

  /** Undefined: it is no use to wait. */
  function pauseFault(deadlineAt: number): Fault | undefined {
    const now = clock.now();
    if (pausedUntil <= now || pausedUntil < deadlineAt) return undefined;
    return new Fault('rate_limited', 'the upstream asked to wait for longer than the call has time', {
      retryAfterMs: pausedUntil - now,
    });
  }

  return {
    enter(signal, deadlineAt = Number.POSITIVE_INFINITY) {
      return new Promise((resolve, reject) => {
        const hopeless = pauseFault(deadlineAt);
        if (signal.aborted) return reject(faultOfSignal(signal));
        if (hopeless) return reject(hopeless);
        if (waiting.size >= maxWaiting) {
          const retryAfterMs = perSecond ? Math.ceil((waiting.size * 1000) / perSecond) : 1000;
          return reject(new Fault('rate_limited', 'too many calls waiting', { retryAfterMs }));
        }
        const giveUp = () => waiter.refuse(faultOfSignal(signal));
        const waiter: Waiter = {
          deadlineAt,
          admit() {
            signal.removeEventListener('abort', giveUp);
            resolve(leaveOnce());
          },
          refuse(fault) {
            signal.removeEventListener('abort', giveUp);
            waiting.delete(waiter);
            reject(fault);
            advance();
          },
        };
        signal.addEventListener('abort', giveUp, { once: true });
        waiting.add(waiter);
        advance();
      });
    },
    pause(ms) {
      const until = clock.now() + Math.min(ms, longestPauseMs);
      if (until <= pausedUntil) return;
      pausedUntil = until;
      for (const waiter of [...waiting]) {
        const hopeless = pauseFault(waiter.deadlineAt);
        if (hopeless) waiter.refuse(hopeless);
      }
    },
  };
}
