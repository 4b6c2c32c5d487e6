/** When a delivery that failed is tried again, and how long an endpoint that only fails is left alone; milliseconds. */
export interface Schedule {
  /** waits after the first attempt, the second, …; after the last one it is given up */
  readonly retries: readonly number[];
  /** 0 to 1 */
  readonly random: () => number;
}

/** The injection token of `Schedule`. */
export const SCHEDULE = Symbol('schedule of retries');

/** Attempts in a row that may fail before an endpoint is left alone for a while. */
export const toleratedFailures = 5;

/** A wait is up to this much longer than the schedule says, so that what failed together does not come back together. */
const jitter = 0.1;
/** What an endpoint asks for by Retry-After is granted up to this, in milliseconds. */
const longestAsked = 24 * 3_600_000;

/** How long it is waited after that attempt, counted from 1; undefined: it was the last one. */
export function waitAfter(
  { retries, random }: Schedule,
  attempt: number,
  askedFor: number | null,
): number | undefined {
  const wait = retries[attempt - 1];
  if (wait === undefined) return undefined;
  return Math.round(Math.max(wait * (1 + jitter * random()), Math.min(askedFor ?? 0, longestAsked)));
}

/** How long an endpoint is left alone after so many failures in a row; 0: not at all. */
export function pauseAfter({ retries }: Schedule, failures: number): number {
  if (failures < toleratedFailures) return 0;
  return retries[Math.min(failures - toleratedFailures, 1, retries.length - 1)] ?? 0;
}

/** How long an endpoint may fail before it is disabled: as long as one delivery is tried. */
export function patience({ retries }: Schedule): number {
  return retries.reduce((sum, wait) => sum + wait, 0);
}

/** Milliseconds from now, as Retry-After says it: seconds, or a date; null where it says nothing that can be read. */
export function retryAfterOf(header: string | undefined, now: number): number | null {
  if (header === undefined) return null;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - now);
}
