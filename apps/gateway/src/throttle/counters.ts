import type { ThrottlerStorage } from '@nestjs/throttler';
import { type RuleSet, ruleSet } from './rules.ts';

/** Where one counter stands. */
export interface Count {
  /** calls of this window that were admitted */
  readonly used: number;
  /** when the window ends, in Unix seconds */
  readonly end: number;
}

export interface Taken {
  readonly admitted: boolean;
  /** what it was counted by: a share of what was asked for where the counters of all replicas cannot be reached */
  readonly set: RuleSet;
  /** one for each rule of `set`, this call included if it was admitted */
  readonly counts: readonly Count[];
  /** milliseconds since the epoch, by the clock that the windows end by */
  readonly now: number;
  /** true: the counters of all replicas could not be reached */
  readonly local: boolean;
}

/**
 * Counters of calls in windows. A window begins with the second of its first call, and ends at a whole second too. All rules of a call are taken
 * in one step, so that no limit is ever passed, however many ask at once; a call that one rule refuses counts for none.
 */
export abstract class Counters implements ThrottlerStorage {
  /** Counts one call, and tells what came of it, at once or later, whatever happens. */
  abstract take(set: RuleSet, tell: (taken: Taken) => void): void;

  /** Tells what `take` would go by, without counting. */
  abstract look(set: RuleSet, tell: (taken: Taken) => void): void;

  /** The library's own way to count: by one rule. Milliseconds go in, seconds come out. */
  async increment(subject: string, ttl: number, limit: number, _blockDuration: number, name: string) {
    const set = ruleSet([{ name, subject, limit, windowSeconds: Math.ceil(ttl / 1000) }]);
    const taken = await new Promise<Taken>((resolve) => this.take(set, resolve));
    const { used, end } = taken.counts[0] as Count;
    const seconds = Math.ceil(end - taken.now / 1000);
    return {
      totalHits: taken.admitted ? used : used + 1,
      timeToExpire: seconds,
      isBlocked: !taken.admitted,
      timeToBlockExpire: taken.admitted ? 0 : seconds,
    };
  }
}
