import { Fault } from '@fleetgate/model';
import type { Clock, Operation } from '@fleetgate/provider-spec';
import { type CallContext, childTraceparent, contextOf, withContext } from './call.ts';
import { type Observer, tell } from './observer.ts';
import type { SendAttempt } from './retry.ts';

/** Who is traced, and who is told. */
export interface Tracing {
  readonly connection: string;
  readonly provider: string;
  readonly clock: Clock;
  readonly observer: Observer;
}

/** Names the operation to everything below it, and tells the observer how each call of it ended. */
export function trace<In, Out>(
  operation: Operation<In, Out>,
  name: string,
  { connection, provider, clock, observer }: Tracing,
): Operation<In, Out> {
  return async (input, call) => {
    const startedAt = clock.now();
    const context: CallContext = { operation: name };
    const end = (failure: Failure) =>
      tell(observer.operation?.bind(observer), {
        connection,
        provider,
        operation: name,
        requestId: call.requestId,
        startedAt,
        ms: clock.now() - startedAt,
        coalesced: context.leader !== undefined,
        ...(context.leader === undefined ? {} : { leader: context.leader }),
        ...failure,
      });
    try {
      const answer = await operation(input, withContext(call, context));
      end({});
      return answer;
    } catch (error) {
      end(failureOf(error));
      throw error;
    }
  };
}

/** Tells the observer how each attempt at a request ended. */
export function observe(send: SendAttempt, { connection, provider, clock, observer }: Tracing): SendAttempt {
  return async (request, call, attempt) => {
    const startedAt = clock.now();
    const operation = contextOf(call)?.operation;
    const end = (outcome: Failure & { status?: number }) =>
      tell(observer.request?.bind(observer), {
        connection,
        provider,
        ...(operation === undefined ? {} : { operation }),
        requestId: call.requestId,
        attempt,
        method: request.method,
        url: plainUrl(request.url),
        startedAt,
        ms: clock.now() - startedAt,
        ...outcome,
      });
    try {
      const response = await send(request, call, attempt);
      end({ status: response.status });
      return response;
    } catch (error) {
      end(failureOf(error));
      throw error;
    }
  };
}

/** Sends with each attempt whose call it serves: the request id, and the caller's trace with a parent id of its own. */
export function propagate(send: SendAttempt, random: () => number): SendAttempt {
  return (request, call, attempt) => {
    const headers = {
      ...request.headers,
      'x-request-id': call.requestId,
      traceparent: childTraceparent(call.traceparent, random),
    };
    return send({ ...request, headers }, call, attempt);
  };
}

/** The part of an event that says how something went wrong. */
export type Failure = { fault?: Fault['code'] | 'internal'; message?: string };

export function failureOf(error: unknown): Failure {
  if (error instanceof Fault) return { fault: error.code, message: error.message };
  return { fault: 'internal' }; // its message is not ours, and may hold anything
}

function plainUrl(text: string): string {
  const url = URL.parse(text);
  return url ? `${url.origin}${url.pathname}` : 'not a URL';
}
