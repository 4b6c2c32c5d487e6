import { Fault } from '@fleetgate/model';
import type { Clock } from '@fleetgate/provider-spec';
import { CircuitState, CountBreaker } from 'cockatiel';
import type { BreakerState } from './observer.ts';

/** What the end of a call says of its upstream; `unknown`: nothing, as with a caller who went away. */
export type Verdict = 'well' | 'sick' | 'unknown';

export interface CircuitBounds {
  /** how many of the last calls are looked at, and at least how many there have to be */
  readonly window: number;
  readonly least: number;
  /** more than this share of them failed: the circuit opens */
  readonly share: number;
  /** how long it stays open: the first time, the second time in a row, …; milliseconds. The last one holds from then on. */
  readonly openMs: readonly number[];
}

export const defaultCircuitBounds: CircuitBounds = {
  window: 10,
  least: 5,
  share: 0.5,
  openMs: [5_000, 10_000, 20_000, 30_000],
};

/** how long those are sent away who come while the one call is out that decides; milliseconds */
const probeRetryMs = 1_000;

/** A call that was let through. */
export interface Passage {
  /** true: the circuit waits for this one */
  readonly probe: boolean;
  /** Says, once, how it ended and why. */
  end(verdict: Verdict, message?: string): void;
}

/** Keeps calls from an upstream that fails, and asks it again by one call at a time. */
export interface Circuit {
  readonly state: BreakerState;
  /** Throws `unavailable`, with the time that is left, while the circuit is open. */
  enter(): Passage;
}

export interface CircuitOptions {
  readonly bounds: CircuitBounds;
  readonly clock: Clock;
  /** a number in [0, 1): replicas that met the same outage do not all ask again in the same moment */
  readonly random: () => number;
  /** named in the fault */
  readonly connection: string;
  readonly changed: (state: BreakerState, message?: string) => void;
}

/**
 * The window of calls is cockatiel's, the three states are ours: its policy makes whoever comes during a probe wait for it,
 * whatever their deadlines, and takes a probe whose caller went away for a success (docs/decisions/0021).
 */
export function createCircuit({ bounds, clock, random, connection, changed }: CircuitOptions): Circuit {
  const window = new CountBreaker({
    size: bounds.window,
    minimumNumberOfCalls: bounds.least,
    threshold: bounds.share,
  });
  let state: BreakerState = 'closed';
  let until = 0;
  /** how often it has opened in a row */
  let opened = 0;
  let reason = '';
  /** a call that was let through before the latest change has nothing to say any more */
  let age = 0;

  function become(next: BreakerState): void {
    state = next;
    age += 1;
    changed(next, next === 'open' ? reason : undefined);
  }

  function open(message: string): void {
    const ms = bounds.openMs[Math.min(opened, bounds.openMs.length - 1)] ?? 0;
    opened += 1;
    reason = message;
    until = clock.now() + ms * (0.9 + random() / 5);
    become('open');
  }

  function refusal(retryAfterMs: number): Fault {
    const words = `is not asked at present: too many of its last calls failed, the last because ${reason}`;
    return new Fault('unavailable', `${connection} ${words}`, { sent: false, retryAfterMs });
  }

  function ended(verdict: Verdict, message: string): void {
    if (state === 'closed') {
      if (verdict === 'well') window.success(CircuitState.Closed);
      else if (verdict === 'sick' && window.failure(CircuitState.Closed)) open(message);
    } else if (verdict === 'well') {
      opened = 0;
      window.success(CircuitState.HalfOpen); // forgets what was before
      become('closed');
    } else if (verdict === 'sick') {
      open(message);
    } else {
      until = clock.now(); // it said nothing: the next one asks
      become('open');
    }
  }

  return {
    get state() {
      return state;
    },
    enter() {
      if (state === 'half_open') throw refusal(probeRetryMs);
      const left = until - clock.now();
      // A clock that was set back must not keep it open for as long.
      if (state === 'open' && left > 0 && left <= Math.max(...bounds.openMs) * 2)
        throw refusal(Math.ceil(left));
      const probe = state === 'open';
      if (probe) become('half_open');
      const own = age;
      let told = false;
      return {
        probe,
        end(verdict, message = 'of no reason given') {
          if (told || own !== age) return;
          told = true;
          ended(verdict, message);
        },
      };
    },
  };
}
