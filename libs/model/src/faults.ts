/** Everything that can go wrong at a provider, as a program needs to know it. The list is closed. */
export const faultCodes = [
  'invalid', // the upstream, or the provider, refuses what it was asked
  'unauthenticated', // the connection's credentials are refused
  'forbidden', // they are known, and may not do this
  'not_found',
  'conflict', // the object is in a state that does not allow it
  'rate_limited', // the upstream's own limit
  'unsupported', // the upstream has no such ability
  'unavailable', // no answer: refused, reset, cut off
  'timeout', // no answer in time
  'unexpected', // an answer that breaks the upstream's contract, or its own failure (5xx)
] as const;
export type FaultCode = (typeof faultCodes)[number];

export interface FaultFacts {
  /** milliseconds that the upstream asked to wait before the next try */
  retryAfterMs?: number;
  /** what the upstream answered: its HTTP status and its own error code, where there was one */
  upstream?: { status?: number; code?: string };
  /** the input field that was refused, for `invalid` */
  field?: string;
  cause?: unknown;
}

/** The one error that a provider throws. `message` is for people and carries no secret; programs act on `code`. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly retryAfterMs: number | undefined;
  readonly upstream: { readonly status?: number; readonly code?: string } | undefined;
  readonly field: string | undefined;

  constructor(
    readonly code: FaultCode,
    message: string,
    facts: FaultFacts = {},
  ) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.retryAfterMs = facts.retryAfterMs;
    this.upstream = facts.upstream;
    this.field = facts.field;
  }
}

export function isFault(error: unknown, code?: FaultCode): error is Fault {
  return error instanceof Fault && (code === undefined || error.code === code);
}
