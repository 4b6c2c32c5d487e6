import { Fault } from '@fleetgate/model';
import type { Clock, Limits } from '@fleetgate/provider-spec';
import { faultOfSignal } from './call.ts';
import { createLines } from './lines.ts';
import type { InRow, Row } from './row.ts';
import type { SharedLimits } from './shared-limits.ts';
import { ownSupply, sharedSupply } from './supply.ts';

/** a longer pause is not believed: the upstream is asked again after this, in milliseconds */
const longestPauseMs = 60_000;

/** Admits requests one after another, in the order in which they came; syncs give way to callers. */
export interface Limiter {
  /**
   * Resolves when the caller may send, with what it must call when it is done. Rejects with the signal's fault; with
   * `rate_limited` when too many wait already, or when the upstream's pause outlasts `deadlineAt` (milliseconds since the
   * epoch). A caller whose signal is aborted leaves the line at once.
   * `background`: nobody waits for it, so that it leaves a part of the limits free for those that somebody waits for, and goes
   * after them; under steady callers every fifth place is its own.
   */
  enter(signal: AbortSignal, deadlineAt?: number, background?: boolean): Promise<() => void>;
  /**
   * What must be called when it is done, if a caller may send at once, no other caller stands in line, and some of the burst is left for
   * others; undefined: it may not.
   */
  tryEnter(): (() => void) | undefined;
  /** `enter` for a caller that needs neither signal nor promise. It hears, at once or later, that it may send, or why it may not. */
  join(waiter: Waiter): void;
  /** Whoever joined stands in line no longer; it hears nothing more. */
  withdraw(waiter: Waiter): void;
  /** Whoever joined and was admitted is done; to be called once. */
  leave(): void;
  /** Admits nobody for `ms` (at most a minute); a shorter pause than the present one changes nothing. */
  pause(ms: number): void;
}

export interface LimiterOptions {
  limits: Limits;
  clock: Clock;
  /** how many may wait at once: so many callers, and so many syncs */
  maxWaiting?: number;
  /** where rate and pauses come from, if not from this limiter alone */
  shared?: SharedLimits | undefined;
}

/** Who stands in line. It is told one of the two, once. */
export interface Waiter extends InRow<Waiter> {
  /** milliseconds since the epoch */
  readonly deadlineAt: number;
  admit(): void;
  refuse(fault: Fault): void;
}

export function createLimiter({ limits, clock, maxWaiting = 1000, shared }: LimiterOptions): Limiter {
  const { concurrency, perSecond } = limits;
  const burst = limits.burst ?? Math.max(1, perSecond ?? 1);
  if (!(concurrency >= 1) || !(burst >= 1) || (perSecond !== undefined && !(perSecond > 0))) {
    throw new RangeError('limits need concurrency and burst of at least 1 and a positive perSecond');
  }
  const lines = createLines<Waiter>(concurrency, perSecond === undefined ? 0 : burst);
  const supply = shared
    ? sharedSupply(limits, shared, clock, ({ pausedMs }) => {
        holdBack(pausedMs);
        advance();
      })
    : ownSupply(limits, burst, clock);
  let pausedUntil = 0;
  let alarm: { at: number; off: AbortController } | undefined;
  let advancing = false;

  /** When the next one may go as far as time is concerned: now, later, or when the others have been asked. */
  function nextAt(now: number, keep: number): number {
    // A clock that was set back must not stop the connection for as long.
    pausedUntil = Math.min(pausedUntil, now + longestPauseMs);
    return pausedUntil > now ? pausedUntil : supply.nextAt(now, keep);
  }

  function advance(): void {
    if (advancing) return; // whoever was just admitted is done already: the loop below sees that
    advancing = true;
    try {
      admitThoseWhoMay();
    } finally {
      advancing = false;
    }
  }

  function admitThoseWhoMay(): void {
    // Where nobody can go, whoever leaves calls here again.
    for (let next = lines.next(); next; next = lines.next()) {
      const now = clock.now();
      const at = nextAt(now, next.keep);
      if (at > now) {
        if (at < Number.POSITIVE_INFINITY) wakeAt(at, now);
        return;
      }
      supply.take();
      lines.admitted(next.waiter, next.background);
      next.waiter.admit();
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

  function leave(background: boolean): void {
    lines.left(background);
    advance();
  }

  function leaveOnce(background: boolean): () => void {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      leave(background);
    };
  }

  function join(line: Row<Waiter>, waiter: Waiter): void {
    const hopeless = pauseFault(waiter.deadlineAt);
    if (hopeless) waiter.refuse(hopeless);
    else if (line.size >= maxWaiting) {
      const retryAfterMs = perSecond ? Math.ceil((line.size * 1000) / perSecond) : 1000;
      waiter.refuse(new Fault('rate_limited', 'too many calls waiting', { retryAfterMs }));
    } else {
      line.add(waiter);
      advance();
    }
  }

  function withdraw(line: Row<Waiter>, waiter: Waiter): void {
    if (line.delete(waiter)) advance();
  }

  /** Undefined: it is no use to wait. */
  function pauseFault(deadlineAt: number): Fault | undefined {
    const now = clock.now();
    if (pausedUntil <= now || pausedUntil < deadlineAt) return undefined;
    return new Fault('rate_limited', 'the upstream asked to wait for longer than the call has time', {
      retryAfterMs: pausedUntil - now,
    });
  }

  function holdBack(ms: number): void {
    const until = clock.now() + Math.min(ms, longestPauseMs);
    if (until <= pausedUntil) return;
    pausedUntil = until;
    for (const line of [lines.callers, lines.syncs]) {
      for (const waiter of line) {
        const hopeless = pauseFault(waiter.deadlineAt);
        if (!hopeless) continue;
        withdraw(line, waiter);
        waiter.refuse(hopeless);
      }
    }
  }

  return {
    enter(signal, deadlineAt = Number.POSITIVE_INFINITY, background = false) {
      const line = background ? lines.syncs : lines.callers;
      return new Promise((resolve, reject) => {
        if (signal.aborted) return reject(faultOfSignal(signal));
        const giveUp = () => {
          withdraw(line, waiter);
          reject(faultOfSignal(signal));
        };
        const waiter: Waiter = {
          deadlineAt,
          admit() {
            signal.removeEventListener('abort', giveUp);
            resolve(leaveOnce(background));
          },
          refuse(fault) {
            signal.removeEventListener('abort', giveUp);
            reject(fault);
          },
        };
        signal.addEventListener('abort', giveUp, { once: true });
        join(line, waiter);
      });
    },
    join: (waiter) => join(lines.callers, waiter),
    withdraw: (waiter) => withdraw(lines.callers, waiter),
    leave: () => leave(false),
    tryEnter() {
      const now = clock.now();
      if (!lines.isFree() || nextAt(now, lines.reserve) > now) return undefined;
      supply.take();
      lines.taken();
      return leaveOnce(false);
    },
    pause(ms) {
      shared?.pause(Math.min(ms, longestPauseMs));
      holdBack(ms);
    },
  };
}
