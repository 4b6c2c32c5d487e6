import type { Limits } from '@fleetgate/provider-spec';
import { z } from 'zod';

/** A setting that is never shown: answers, logs and errors leave it out. */
export function secret() {
  return z.string().min(1).max(8192).meta({ secret: true });
}

/** An http or https address without credentials, query or fragment; a trailing slash is taken off. */
const baseUrl = z
  .string()
  .refine(isPlainHttpAddress, { error: 'must be an http or https address without user, query or fragment' })
  .transform((text) => text.replace(/\/+$/, ''));

function isPlainHttpAddress(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null &&
    /^https?:$/.test(url.protocol) &&
    !url.username &&
    !url.password &&
    !/[?#]/.test(text) &&
    url.hostname !== ''
  );
}

/** The settings that every provider takes beside its own. */
export const upstreamSettings = {
  baseUrl,
  /** bound on one request, in milliseconds, over connecting, headers and body */
  timeoutMs: z.int().min(100).max(120_000).default(10_000),
  limits: z
    .strictObject({
      concurrency: z.int().min(1).max(256).optional(),
      requestsPerSecond: z.number().positive().max(10_000).optional(),
      burst: z.int().min(1).max(10_000).optional(),
      hedging: z.boolean().optional(),
    })
    .default({}),
};

/** The provider's own limits, with what the settings say in place of them; hedging is off where either says so. */
export function limitsOf(
  settings: {
    limits: { concurrency?: number; requestsPerSecond?: number; burst?: number; hedging?: boolean };
  },
  own: Limits,
): Limits {
  const { concurrency, requestsPerSecond, burst, hedging } = settings.limits;
  const perSecond = requestsPerSecond ?? own.perSecond;
  return {
    concurrency: concurrency ?? own.concurrency,
    ...(perSecond === undefined ? {} : { perSecond }),
    ...(burst === undefined ? (own.burst === undefined ? {} : { burst: own.burst }) : { burst }),
    ...(hedging === false || own.hedging === false ? { hedging: false } : {}),
  };
}
