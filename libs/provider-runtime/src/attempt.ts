import type { Call, IncomingResponse, OutgoingRequest } from '@fleetgate/provider-spec';

/** One attempt at one request. Whatever it passes through writes down here what it did to it, for the observer to tell. */
export interface Attempt {
  /** 1 for the first at a request */
  readonly number: number;
  /** why there is one more; absent for the first */
  readonly again?: 'retry' | 'hedge';
  /** milliseconds that it stood in line for the limits */
  waitedMs: number;
  /** there was a second request beside it, which has the next number */
  hedged?: true;
  /** it was ended because the one beside it was answered first */
  outrun?: true;
  /** the trace context that went out */
  sentTraceparent?: string;
}

export type SendAttempt = (request: OutgoingRequest, call: Call, attempt: Attempt) => Promise<SizedResponse>;

export interface SizedResponse extends IncomingResponse {
  /** of the body, as it came */
  readonly bytes?: number;
}

export function firstAttempt(): Attempt {
  return { number: 1, waitedMs: 0 };
}
