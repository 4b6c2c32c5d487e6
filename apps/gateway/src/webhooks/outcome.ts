import type { Claim } from './claims.ts';
import { type Schedule, waitAfter } from './schedule.ts';
import type { Sent } from './sender.ts';

/** One delivery with what came of it; `sent` undefined: it was not tried after all. */
export interface Outcome {
  readonly claim: Claim;
  readonly sent: Sent | undefined;
  /** true: it is not tried again, and what came of it says nothing against the endpoint: somebody asked to see it */
  readonly once?: boolean;
}

/** What becomes of a delivery after an attempt. */
export interface Conclusion {
  readonly state: 'succeeded' | 'waiting' | 'failed' | 'cancelled';
  /** when it is due again, in milliseconds since the epoch; undefined: it is not, or as before */
  readonly dueAt?: number;
  /** how long the whole endpoint asks to be left alone, in milliseconds */
  readonly pause: number;
}

/** Answers that say that there is too much, rather than that something is wrong with one event. */
const overloaded: ReadonlySet<number> = new Set([429, 502, 503, 504]);
/** An endpoint is left alone for as long as it asks, up to this; milliseconds. */
const longestPause = 3_600_000;

export function conclude(
  { claim: { attempt }, sent, once = false }: Outcome,
  { now, schedule, disabled }: { now: number; schedule: Schedule; disabled: boolean },
): Conclusion {
  if (!sent) return { state: disabled ? 'cancelled' : 'waiting', pause: 0 };
  const { attempt: made, retryAfter } = sent;
  if (made.error === null) return { state: 'succeeded', pause: 0 };
  const status = made.response?.status ?? 0;
  const wait = waitAfter(schedule, attempt + 1, retryAfter);
  if (once || status === 410 || disabled || wait === undefined) return { state: 'failed', pause: 0 };
  const pause = overloaded.has(status) ? Math.min(retryAfter ?? 0, longestPause) : 0;
  return { state: 'waiting', dueAt: now + wait, pause };
}
