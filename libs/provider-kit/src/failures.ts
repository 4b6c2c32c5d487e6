import { Fault, type FaultCode } from '@fleetgate/model';
import type { IncomingResponse } from '@fleetgate/provider-spec';

/** What a provider knows about its upstream's error answers. */
export interface Complaint {
  /** the upstream's own code */
  code?: string;
  /** the upstream's own words */
  message?: string;
  /** where the upstream's status says something else than it means */
  fault?: FaultCode;
  /** each field that the upstream refuses, by our name for it, and why in its words */
  details?: readonly { readonly field: string; readonly message: string }[];
}

/** Reads the upstream's error body (parsed JSON, or undefined where it is none). */
export type ReadComplaint = (body: unknown, status: number) => Complaint;

/** The fault that an HTTP status stands for, at an upstream that means what it says. */
export function faultOfStatus(status: number): FaultCode {
  switch (status) {
    case 400:
    case 413:
    case 414:
    case 415:
    case 422:
      return 'invalid';
    case 401:
      return 'unauthenticated';
    case 403:
      return 'forbidden';
    case 404:
    case 410:
      return 'not_found';
    case 405:
    case 501:
      return 'unsupported';
    case 408:
      return 'timeout';
    case 409:
    case 412:
    case 423:
      return 'conflict';
    case 429:
      return 'rate_limited';
    default:
      return 'unexpected';
  }
}

/** Milliseconds of a Retry-After header: seconds, or an HTTP date; undefined when absent or unreadable. */
export function retryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1000;
  const at = Date.parse(value);
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs);
}

/** fields that one fault names at most */
const mostDetails = 50;

/** The fault for an answer that is no success. Its texts are bounded and hold none of `secrets`. */
export function faultOfResponse(
  response: IncomingResponse,
  complaint: Complaint,
  secrets: readonly string[],
  nowMs: number,
): Fault {
  const code = complaint.fault ?? faultOfStatus(response.status);
  const clean = (text: string, length: number) => withoutSecrets(text, secrets).slice(0, length);
  const words = complaint.message ? `: ${clean(complaint.message, 300)}` : '';
  const details = complaint.details?.slice(0, mostDetails) ?? [];
  const wait = retryAfterMs(response.headers['retry-after'], nowMs);
  return new Fault(code, `the upstream answered ${response.status}${words}`, {
    upstream: {
      status: response.status,
      ...(complaint.code ? { code: clean(complaint.code, 100) } : {}),
    },
    details: details.map(({ field, message }) => ({
      field: clean(field, 200),
      message: clean(message, 300),
    })),
    ...(wait === undefined ? {} : { retryAfterMs: wait }),
  });
}

export function withoutSecrets(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const value of secrets) if (value.length > 3) clean = clean.replaceAll(value, '[redacted]');
  return clean;
}
