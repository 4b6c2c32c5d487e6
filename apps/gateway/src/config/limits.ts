import { z } from 'zod';

/** `1000/10s`: calls, and the window in which they may be made. */
const limitOf = (calls: string) =>
  z
    .string()
    .regex(/^[1-9]\d{0,8}\/[1-9]\d{0,3}[smh]$/, {
      error: `must be calls per window, as in ${calls} (s, m or h)`,
    })
    .default(calls)
    .transform((text) => {
      const [limit = '', window = ''] = text.split('/');
      return {
        limit: Number(limit),
        windowSeconds: Number.parseInt(window, 10) * { s: 1, m: 60, h: 3600 }[window.at(-1) as 's'],
      };
    });

/** The settings of the throttle, each as calls per window. */
export const limitVariables = {
  FLEETGATE_LIMIT_FREE: {
    schema: limitOf('100/1h'),
    absent: '100/1h',
    help: 'calls of a team on the plan free, and the window (s, m or h) in which they may be made',
  },
  FLEETGATE_LIMIT_PRO: { schema: limitOf('1000/1h'), absent: '1000/1h', help: 'the same for the plan pro' },
  FLEETGATE_LIMIT_ENTERPRISE: {
    schema: limitOf('10000/1h'),
    absent: '10000/1h',
    help: 'the same for the plan enterprise, where a team has no number of its own',
  },
  FLEETGATE_LIMIT_BURST: {
    schema: limitOf('1000/10s'),
    absent: '1000/10s',
    help: 'calls of one caller; a large plan raises it to twice its own average',
  },
  FLEETGATE_LIMIT_ROOT: {
    schema: limitOf('1000000/10s'),
    absent: '1000000/10s',
    help: 'calls with the root key, which has no plan',
  },
  FLEETGATE_LIMIT_ADDRESS: {
    schema: limitOf('20/1m'),
    absent: '20/1m',
    help: 'calls of one address without a valid credential, logins included',
  },
  FLEETGATE_LIMIT_OPEN: {
    schema: limitOf('600/1m'),
    absent: '600/1m',
    help: 'calls of one address to what is open to all: documents and health',
  },
} as const;
