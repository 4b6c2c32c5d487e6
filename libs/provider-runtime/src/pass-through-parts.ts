import type { Readable } from 'node:stream';
import type { NativeAccess } from '@fleetgate/provider-spec';
import type { Bulkhead } from './bulkhead.ts';
import type { Circuit } from './circuit.ts';
import type { Limiter } from './limiter.ts';
import type { ExchangeBounds } from './pass-through-exchange.ts';
import type { Tracing } from './trace.ts';
import type { Transport } from './transport.ts';

/** A call of the upstream's own API, as its caller gave it. */
export interface NativeRequest {
  readonly method: string;
  /** below the connection's base: empty, or from a slash on, with the query; nothing in it leads elsewhere (`nativeTarget`) */
  readonly target: string;
  /** name, value, name, value, …: without what is not the caller's to say (`nativeHeaders`) */
  readonly headers: readonly string[];
  /** a stream is sent once; a call whose session turned out to have ended is then not sent again */
  readonly body: Readable | Buffer | null;
}

/** Who makes it. */
export interface NativeCaller {
  readonly requestId: string;
  /** W3C trace context; anything that is not one starts a new trace */
  readonly traceparent?: string | undefined;
  /** when it stops waiting, in milliseconds since the epoch */
  readonly deadlineAt?: number | undefined;
}

/** Where the answer goes, piece by piece. */
export interface AnswerSink {
  /** Called once, before anything else, with the headers as they came: name, value, name, value, … */
  head(status: number, headers: readonly Buffer[]): void;
  /** False: no more until `resume` of the call is called. */
  data(chunk: Buffer): boolean;
  /** The whole answer was handed on. */
  end(): void;
  /** In place of `end`, also before anything else: `Fault` for failures that are no answer of the upstream. */
  fail(error: unknown): void;
}

/** A call that is under way. Both may be called at any time, also when it is over. */
export interface PassedCall {
  /** The sink has room again. */
  resume(): void;
  /** The caller has gone. */
  leave(): void;
}

/** Sends what goes through as it is, with the credentials of the connection, within its limits, and told to its observer. */
export interface PassThrough {
  /** Begins at once: a call that is refused has failed before this returns. */
  pass(request: NativeRequest, sink: AnswerSink, caller: NativeCaller): PassedCall;
}

export interface PassThroughParts extends Tracing {
  readonly access: NativeAccess;
  readonly transport: Transport;
  readonly guards: PassGuards;
  readonly random: () => number;
  readonly bounds: PassBounds;
  /** aborted: every call that is under way ends with its reason, and none begins any more */
  readonly ended?: AbortSignal | undefined;
}

/** What a call has to get past, beside all other calls of its connection. */
export interface PassGuards {
  readonly limiter: Limiter;
  readonly circuit: Circuit;
  readonly bulkhead: Bulkhead;
}

export interface PassBounds extends ExchangeBounds {
  /** over all, with the wait for a turn and a renewal of the session; milliseconds */
  readonly totalMs: number;
}

export const defaultPassBounds: PassBounds = {
  headMs: 60_000,
  idleMs: 30_000,
  totalMs: 10 * 60_000,
  maxBytes: 2 ** 30,
};
