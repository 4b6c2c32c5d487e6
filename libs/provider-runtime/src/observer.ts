import type { FaultCode } from '@fleetgate/model';
import type { CallClass } from './classes.ts';

/** What logs, metrics and the story of a request are made of. Nothing in it is secret. */
export interface Observer {
  /** once for every call of an operation, when it ends */
  operation?(event: OperationEvent): void;
  /** once for every attempt at a request that went out to the upstream, when it ends */
  request?(event: RequestEvent): void;
  /** once for every change of a circuit */
  breaker?(event: BreakerEvent): void;
}

/** `half_open`: one call is let through, and its end decides. */
export type BreakerState = 'closed' | 'open' | 'half_open';

/** A circuit is kept for each connection and class of calls. */
export interface BreakerEvent {
  readonly connection: string;
  readonly provider: string;
  readonly class: CallClass;
  readonly state: BreakerState;
  /** milliseconds since the epoch */
  readonly at: number;
  /** what opened it, for people; absent for other states */
  readonly message?: string;
}

interface Event {
  /** slug of the connection */
  readonly connection: string;
  /** id of the provider */
  readonly provider: string;
  readonly requestId: string;
  /** of the call, as its caller gave it; unlike a request id it is of our own making, and of this one call */
  readonly traceparent: string;
  /** when it began, in milliseconds since the epoch */
  readonly startedAt: number;
  readonly ms: number;
  /** absent when it went well; `internal`: something other than a `Fault` was thrown, which is a bug of ours */
  readonly fault?: FaultCode | 'internal';
  /** of the fault, for people */
  readonly message?: string;
}

export interface OperationEvent extends Event {
  /** `clusters.list` */
  readonly operation: string;
  readonly class: CallClass;
  /** how the circuit stood when the call was let through, or refused; absent where the call joined another one */
  readonly breaker?: BreakerState;
  /** true: the answer came from an equal call that was already under way */
  readonly coalesced: boolean;
  /** request id of that call; its upstream requests answered this one too */
  readonly leader?: string;
  /** the caller went away before it ended, and not for want of time: that it failed says nothing of the upstream */
  readonly abandoned?: true;
}

export interface RequestEvent extends Event {
  /** absent where the provider made the call of its own */
  readonly operation?: string;
  readonly class?: CallClass;
  readonly breaker?: BreakerState;
  /** 1 for the first */
  readonly attempt: number;
  /** why there is one more; absent for the first */
  readonly again?: 'retry' | 'hedge';
  /** it was ended, without a fault, because another one for the same was answered first */
  readonly outrun?: true;
  /** milliseconds that it stood in line for the limits, before it began */
  readonly waitedMs: number;
  readonly method: string;
  /** without user, query and fragment */
  readonly url: string;
  /** absent where no answer came */
  readonly status?: number;
  /** of the answer's body, as it came */
  readonly bytes?: number;
  /** what the upstream calls the request, where that is not what we call it */
  readonly upstreamRequestId?: string;
  /** what the upstream was given: the same trace, and a parent id of this attempt alone */
  readonly sentTraceparent?: string;
}

/** Tells an observer; what it throws is dropped. */
export function tell<E>(listener: ((event: E) => void) | undefined, event: E): void {
  try {
    listener?.(event);
  } catch {
    // a call must not fail because it could not be told of, and there is nobody left to tell
  }
}
