import type { FaultCode } from '@fleetgate/model';

/** What logs, metrics and the story of a request are made of. Nothing in it is secret. */
export interface Observer {
  /** once for every call of an operation, when it ends */
  operation?(event: OperationEvent): void;
  /** once for every attempt at a request that went out to the upstream, when it ends */
  request?(event: RequestEvent): void;
}

interface Event {
  /** slug of the connection */
  readonly connection: string;
  /** id of the provider */
  readonly provider: string;
  readonly requestId: string;
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
  /** true: the answer came from an equal call that was already under way */
  readonly coalesced: boolean;
  /** request id of that call; its upstream requests answered this one too */
  readonly leader?: string;
}

export interface RequestEvent extends Event {
  /** absent where the provider made the call of its own */
  readonly operation?: string;
  /** 1 for the first */
  readonly attempt: number;
  readonly method: string;
  /** without user, query and fragment */
  readonly url: string;
  /** absent where no answer came */
  readonly status?: number;
}

/** Tells an observer; what it throws is dropped. */
export function tell<E>(listener: ((event: E) => void) | undefined, event: E): void {
  try {
    listener?.(event);
  } catch {
    // a call must not fail because it could not be told of, and there is nobody left to tell
  }
}
