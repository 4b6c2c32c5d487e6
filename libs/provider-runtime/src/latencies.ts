import { createHistogram } from 'node:perf_hooks';

/** fewer say nothing of what is usual */
const least = 50;
/** How many of the last ones are looked at: at least so many, once there are, and at most twice as many. */
const window = 100;
/** what takes longer counts as this; milliseconds */
const longestMs = 120_000;

/** How long the last answers took; 20 KiB, however many there were. */
export interface Latencies {
  record(ms: number): void;
  /** milliseconds that 95 % of them kept below; undefined: too few of them are known */
  p95(): number | undefined;
}

/** Two histograms that begin anew in turn: the older one is asked, so that what was long ago is forgotten, and never all at once. */
export function createLatencies(): Latencies {
  const one = () => createHistogram({ lowest: 1, highest: longestMs, figures: 2 });
  let older = one();
  let newer = one();
  return {
    record(ms) {
      const whole = Math.min(longestMs, Math.max(1, Math.round(ms)));
      older.record(whole);
      if (older.count > window) newer.record(whole);
      if (older.count < 2 * window) return;
      const spent = older;
      older = newer;
      newer = spent;
      newer.reset();
    },
    p95: () => (older.count < least ? undefined : older.percentile(95)),
  };
}
