import type { IncomingResponse } from '@fleetgate/provider-spec';

/**
 * Milliseconds that the upstream asked to wait (RFC 9110 10.2.3: seconds, or a date), never negative; undefined where it did
 * not ask, or in words that are neither. A date is measured by the upstream's own clock when the answer carries one.
 */
export function retryAfterMs(headers: IncomingResponse['headers'], now: number): number | undefined {
  const text = headers['retry-after']?.trim();
  if (!text) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Math.ceil(Number(text) * 1000);
  const until = httpDate(text);
  if (until === undefined) return undefined;
  return Math.max(0, until - (answeredAt(headers) ?? now));
}

/** When the answer was given by the upstream's own clock, in milliseconds since the epoch. */
export function answeredAt(headers: IncomingResponse['headers']): number | undefined {
  return httpDate(headers['date']);
}

/** Date.parse alone takes almost anything ("-1" is a year). */
function httpDate(text: string | undefined): number | undefined {
  if (!text || !/^[A-Z][a-z]+, .* GMT$/.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}
