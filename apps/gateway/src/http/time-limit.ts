import type { FastifyInstance } from 'fastify';
import { ApiError } from '../answers/api-error.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** when the caller stops waiting, in milliseconds since the epoch; undefined: it did not say */
    deadlineAt: number | undefined;
  }
}

/** How callers say how long they wait; the first one counts. Both mean the same, and in both a number alone is of seconds. */
export const timeLimitHeaders = ['x-request-timeout', 'request-timeout'] as const;

/** More is not waited for, whatever is asked; milliseconds. */
export const longestTimeLimit = 120_000;

const perUnit: Readonly<Record<string, number>> = { '': 1000, ms: 1, s: 1000, m: 60_000 };

/** Milliseconds of `2.5`, `2.5s`, `800ms`, `1m`; undefined for anything else. */
export function timeLimitOf(text: string): number | undefined {
  const [, number = '', unit = ''] = /^(\d{1,9}(?:\.\d{1,9})?)(ms|s|m)?$/.exec(text.trim()) ?? [];
  const ms = number === '' ? 0 : Math.round(Number(number) * (perUnit[unit] as number));
  return ms >= 1 ? Math.min(ms, longestTimeLimit) : undefined;
}

/** Reads how long each caller waits; what it cannot read is refused, for it would be waited for in vain. */
export function installTimeLimits(server: FastifyInstance): void {
  server.decorateRequest('deadlineAt', undefined);
  server.addHook('preParsing', (request, _reply, _payload, done) => {
    const name = timeLimitHeaders.find((one) => request.headers[one] !== undefined);
    if (name === undefined) return done();
    const ms = timeLimitOf(String(request.headers[name]));
    if (ms === undefined) {
      const message = 'must be seconds (2.5), or a time as 800ms, 2.5s or 1m, and more than nothing';
      return done(
        new ApiError('bad_request', `${name}: ${message}`, { details: [{ field: name, message }] }),
      );
    }
    request.deadlineAt = Date.now() + ms;
    done();
  });
}
