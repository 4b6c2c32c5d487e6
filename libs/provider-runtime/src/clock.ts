import type { Clock } from '@fleetgate/provider-spec';

/** the longest time that a timer of the platform can hold, in milliseconds (24.8 days) */
const longestTimerMs = 2 ** 31 - 1;

/** The machine's own time. A sleep of more than 24.8 days is cut to that. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const stop = () => {
        clearTimeout(timer);
        reject(signal.reason);
      };
      const timer = setTimeout(
        () => {
          signal.removeEventListener('abort', stop);
          resolve();
        },
        Math.min(ms, longestTimerMs),
      );
      signal.addEventListener('abort', stop, { once: true });
    }),
};
