import type { IncomingResponse } from '@fleetgate/provider-spec';
import { answeredAt, retryAfterMs } from './retry-after.ts';

/** what lies further ahead than a day is no limit that anybody would keep: the header means something else */
const farthestMs = 86_400_000;

/**
 * Milliseconds for which an answer asks to be left alone: what `Retry-After` of a 429 says, or else the time until a limit of
 * which nothing is left comes back. 0: nothing is asked for, or nothing that makes sense.
 */
export function pauseMs(
  { status, headers }: Pick<IncomingResponse, 'status' | 'headers'>,
  now: number,
): number {
  if (status !== 429 && !speaksOfLimits(headers)) return 0; // nearly all of them
  const asked = status === 429 ? retryAfterMs(headers, now) : undefined;
  return asked ?? resetMs(headers, now);
}

function speaksOfLimits(headers: IncomingResponse['headers']): boolean {
  return (
    headers['ratelimit'] !== undefined ||
    headers['ratelimit-remaining'] !== undefined ||
    headers['x-ratelimit-remaining'] !== undefined
  );
}

/** Of several limits that are used up, the one that comes back last. */
function resetMs(headers: IncomingResponse['headers'], now: number): number {
  const used = [...quotas(headers)].filter(({ remaining }) => remaining === 0);
  if (used.length === 0) return 0; // the usual case, which need not read the upstream's clock
  const at = answeredAt(headers) ?? now;
  const resets = used.map(({ reset }) => ahead(reset, at)).filter((ms) => ms > 0 && ms <= farthestMs);
  return Math.max(0, ...resets);
}

interface Quota {
  readonly remaining: number;
  readonly reset: number;
}

function* quotas(headers: IncomingResponse['headers']): Generator<Quota> {
  for (const prefix of ['x-ratelimit', 'ratelimit']) {
    yield { remaining: count(headers[`${prefix}-remaining`]), reset: count(headers[`${prefix}-reset`]) };
  }
  const text = headers['ratelimit'];
  if (!text) return;
  // draft-ietf-httpapi-ratelimit-headers: until 07 `limit=9, remaining=0, reset=7`, since then `"name";r=0;t=7, "other";r=3;t=60`
  const old = { remaining: named(text, 'remaining'), reset: named(text, 'reset') };
  if (!Number.isNaN(old.remaining)) yield old;
  else for (const item of text.split(',')) yield { remaining: named(item, 'r'), reset: named(item, 't') };
}

function named(text: string, name: string): number {
  return count(new RegExp(`(?:^|[;,\\s])${name}=(\\d+)`).exec(text)?.[1]);
}

function count(text: string | undefined): number {
  return text !== undefined && /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : Number.NaN;
}

/** Seconds from now, seconds since the epoch, or milliseconds since the epoch: no two of them are ever of one size. */
function ahead(reset: number, now: number): number {
  if (reset >= 1e11) return reset - now;
  return Math.ceil(reset >= 1e8 ? reset * 1000 - now : reset * 1000);
}
