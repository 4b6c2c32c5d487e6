import { z } from 'zod';

const wait = /^([1-9]\d{0,5})(ms|s|m|h)$/;
const milliseconds: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Events have to be kept for longer than one is tried to be delivered. */
const fewestDays = 4;
const longestTriedMs = fewestDays * 86_400_000;
/** The schedule that Standard Webhooks suggests. */
const standardRetries = '5s,5m,30m,2h,5h,10h,14h,20h,24h';

function waitsOf(text: string): number[] {
  return text.split(',').map((part) => {
    const [, count, unit] = wait.exec(part.trim()) ?? [];
    return unit === undefined ? Number.NaN : Number(count) * (milliseconds[unit] as number);
  });
}

export const eventVariables = {
  FLEETGATE_EVENTS_KEEP_DAYS: {
    schema: z
      .string()
      .refine((text) => /^\d{1,3}$/.test(text) && Number(text) >= fewestDays && Number(text) <= 365, {
        error: `must be a number from ${fewestDays} to 365`,
      })
      .transform(Number)
      .default(7),
    absent: '7',
    help: 'days for which events can be read again, and what became of their deliveries',
  },
  FLEETGATE_WEBHOOK_RETRIES: {
    schema: z
      .string()
      .default(standardRetries)
      .transform(waitsOf)
      .refine((waits) => waits.length <= 20 && waits.reduce((sum, one) => sum + one, 0) < longestTriedMs, {
        error: `must be 1 to 20 waits by comma, less than ${fewestDays} days together, as in ${standardRetries} (ms, s, m or h)`,
      }),
    absent: standardRetries,
    help: 'waits between the attempts at a delivery to a webhook; it is given up after the last',
  },
} as const;
