/** First wait after a failure and the longest, in milliseconds. */
const waits = { first: 1_000, longest: 300_000 };

/** When to try again after so many failures in a row: doubled each time, and spread so that replicas do not march in step. */
export function backoff(failures: number, retryAfterMs: number | undefined, random: number): number {
  const full = Math.min(waits.first * 2 ** Math.min(failures - 1, 20), waits.longest);
  return Math.max(full * (0.5 + random / 2), (retryAfterMs ?? 0) * (1 + random / 20));
}

/** The time to the next sync after one that went well: the interval, give or take a tenth. */
export function nextInterval(intervalMs: number, random: number): number {
  return intervalMs * (0.9 + random * 0.2);
}
