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
  'outcome_unknown', // a change went out, no answer came, and nothing at the upstream tells whether it took effect
] as const;
export type FaultCode = (typeof faultCodes)[number];

export interface FaultFacts {
  /** milliseconds that the upstream asked to wait before the next try */
  retryAfterMs?: number;
  /** what the upstream answered: its HTTP status and its own error code, where there was one */
  upstream?: { status?: number; code?: string };
  /** the input field that was refused, for `invalid` */
  field?: string;
  /** every field that was refused, where the upstream names more than one */
  details?: readonly { readonly field: string; readonly message: string }[];
  /** false: it is certain that the request never reached the upstream */
  sent?: boolean;
  cause?: unknown;
}

/** The one error that a provider throws. `message` is for people and carries no secret; programs act on `code`. */
export class Fault extends Error {
  override readonly name = 'Fault';
  readonly retryAfterMs: number | undefined;
  readonly upstream: { readonly status?: number; readonly code?: string } | undefined;
  readonly field: string | undefined;
  readonly details: readonly { readonly field: string; readonly message: string }[];
  readonly sent: boolean;

  constructor(
    readonly code: FaultCode,
    message: string,
    facts: FaultFacts = {},
  ) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.retryAfterMs = facts.retryAfterMs;
    this.upstream = facts.upstream;
    this.field = facts.field;
    this.details = facts.details ?? [];
    this.sent = facts.sent ?? true;
  }
}

export function isFault(error: unknown, code?: FaultCode): error is Fault {
  return error instanceof Fault && (code === undefined || error.code === code);
}
