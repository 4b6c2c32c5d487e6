import { z } from 'zod';
import type { Limit, Limits } from '../throttle/rules.ts';

const form = /^([1-9]\d{0,8})\/([1-9]\d{0,3})([smh])$/;
const seconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** A setting like `1000/10s`: calls, and the window in which they may be made. */
const calls = (absent: string, help: string) => ({
  schema: z
    .string()
    .regex(form, { error: `must be calls per window, as in ${absent} (s, m or h)` })
    .default(absent)
    .transform((text): Limit => {
      const [, limit, length, unit] = form.exec(text) as unknown as [string, string, string, string];
      return { limit: Number(limit), windowSeconds: Number(length) * (seconds[unit] as number) };
    }),
  absent,
  help,
});

export const limitVariables = {
  FLEETGATE_LIMIT_FREE: calls(
    '100/1h',
    'calls of a team on the plan free, and the window they are counted in',
  ),
  FLEETGATE_LIMIT_PRO: calls('1000/1h', 'the same for the plan pro'),
  FLEETGATE_LIMIT_ENTERPRISE: calls(
    '10000/1h',
    'the same for the plan enterprise, for teams without a number of their own',
  ),
  FLEETGATE_LIMIT_BURST: calls(
    '1000/10s',
    'calls of one caller; a large plan raises it to twice its own average',
  ),
  FLEETGATE_LIMIT_ROOT: calls('1000000/10s', 'calls with the root key, which has no plan'),
  FLEETGATE_LIMIT_ADDRESS: calls('20/1m', 'calls of one address without a valid credential, logins included'),
  FLEETGATE_LIMIT_OPEN: calls('600/1m', 'calls of one address to what is open to all: documents and health'),
} as const;

export function limitsOf(variables: Readonly<Record<keyof typeof limitVariables, Limit>>): Limits {
  return {
    free: variables.FLEETGATE_LIMIT_FREE,
    pro: variables.FLEETGATE_LIMIT_PRO,
    enterprise: variables.FLEETGATE_LIMIT_ENTERPRISE,
    burst: variables.FLEETGATE_LIMIT_BURST,
    root: variables.FLEETGATE_LIMIT_ROOT,
    address: variables.FLEETGATE_LIMIT_ADDRESS,
    open: variables.FLEETGATE_LIMIT_OPEN,
  };
}
