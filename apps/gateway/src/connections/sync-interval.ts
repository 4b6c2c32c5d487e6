import { z } from 'zod';

const unitMs: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000 };
export const defaultIntervalMs = 60_000;

/** Milliseconds, from `45`, `45s`, `5m` or `1h`. */
export const SyncInterval = z.unknown().transform((given, context) => {
  const [, count, unit = 's'] = /^(\d{1,6})([smh])?$/.exec(String(given)) ?? [];
  const ms = Number(count) * (unitMs[unit] as number);
  if (ms >= 5000 && ms <= 86_400_000) return ms;
  context.addIssue({ code: 'custom', message: 'must be seconds, or like 30s, 5m or 1h, from 5s to 24h' });
  return z.NEVER;
});
