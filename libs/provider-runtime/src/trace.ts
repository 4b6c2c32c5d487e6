import { Fault } from '@fleetgate/model';
import { type Call, type Clock, type Operation, writeOperations } from '@fleetgate/provider-spec';
import type { SendAttempt, SizedResponse } from './attempt.ts';
import { type CallContext, childTraceparent, contextOf, hasLeft, noTraffic, withContext } from './call.ts';
import type { CallClass } from './classes.ts';
import { deadlineOf } from './deadlines.ts';
import { type Observer, type RequestEvent, tell } from './observer.ts';

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
    const context: CallContext = {
      operation: name,
      class: classOf(name, call),
      traffic: noTraffic(),
      deadlineAt: deadlineOf(call.signal),
    };
    const end = (failure: Failure & { abandoned?: true }) =>
      tell(observer.operation?.bind(observer), {
        connection,
        provider,
        operation: name,
        class: context.class,
        ...(context.breaker === undefined ? {} : { breaker: context.breaker }),
        requestId: call.requestId,
        traceparent: call.traceparent,
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
      end({ ...failureOf(error), ...(hasLeft(call.signal) ? { abandoned: true } : {}) });
      throw error;
    }
  };
}

function classOf(name: string, call: Call): CallClass {
  if (contextOf(call)?.class === 'sync') return 'sync';
  const operation = name.slice(name.indexOf('.') + 1);
  return (writeOperations as readonly string[]).includes(operation) ? 'write' : 'read';
}

/** Tells the observer how each attempt at a request ended. */
export function observe(send: SendAttempt, { connection, provider, clock, observer }: Tracing): SendAttempt {
  return async (request, call, attempt) => {
    const startedAt = clock.now();
    const context = contextOf(call);
    const { operation, class: of, breaker } = context ?? {};
    const end = (outcome: Outcome) =>
      tell(observer.request?.bind(observer), {
        connection,
        provider,
        ...(operation === undefined ? {} : { operation }),
        ...(of === undefined ? {} : { class: of }),
        ...(breaker === undefined ? {} : { breaker }),
        requestId: call.requestId,
        traceparent: call.traceparent,
        ...(attempt.sentTraceparent === undefined ? {} : { sentTraceparent: attempt.sentTraceparent }),
        attempt: attempt.number,
        ...(attempt.again === undefined ? {} : { again: attempt.again }),
        waitedMs: attempt.waitedMs,
        method: request.method,
        url: plainUrl(request.url),
        startedAt,
        ms: clock.now() - startedAt,
        ...outcome,
      });
    try {
      if (context) context.traffic.sent += 1;
      const response = await send(request, call, attempt);
      if (context) context.traffic.answered += 1;
      if (context && response.status < 500) context.traffic.well += 1;
      end({ status: response.status, ...answerFacts(response, call) });
      return response;
    } catch (error) {
      // It says nothing of the upstream: another one for the same was answered.
      if (attempt.outrun && context) context.traffic.sent -= 1;
      end(attempt.outrun ? { outrun: true } : failureOf(error));
      throw error;
    }
  };
}

/** How an attempt ended. */
export type Outcome = Failure &
  Partial<Pick<RequestEvent, 'status' | 'outrun' | 'bytes' | 'upstreamRequestId' | 'sentTraceparent'>>;

/** Of the answer: its size, and the name that the upstream gave the request where it is not the one that we gave. */
export function answerFacts(
  { headers, bytes }: Pick<SizedResponse, 'headers' | 'bytes'>,
  { requestId }: Pick<Call, 'requestId'>,
): Outcome {
  const named = headers['x-request-id'] ?? headers['audituid'];
  return {
    ...(bytes === undefined ? {} : { bytes }),
    ...(named === undefined || named === requestId ? {} : { upstreamRequestId: named.slice(0, longestName) }),
  };
}

/** of what an upstream calls a request; characters */
const longestName = 128;

/** Sends with each attempt whose call it serves: the request id, the time that is left, and the caller's trace with a parent id of its own. */
export function propagate(send: SendAttempt, random: () => number, clock: Clock): SendAttempt {
  return (request, call, attempt) => {
    const traceparent = childTraceparent(call.traceparent, random);
    attempt.sentTraceparent = traceparent;
    const headers = {
      ...request.headers,
      'x-request-id': call.requestId,
      traceparent,
      'x-request-timeout': secondsLeft(request.timeoutMs, deadlineOf(call.signal), clock.now()),
    };
    return send({ ...request, headers }, call, attempt);
  };
}

/** What is left of the call's time for one attempt: seconds, as callers of ours say it too. */
export function secondsLeft(attemptMs: number, deadlineAt: number | undefined, now: number): string {
  const leftMs = Math.min(attemptMs, (deadlineAt ?? Number.POSITIVE_INFINITY) - now);
  return (Math.max(1, leftMs) / 1000).toFixed(3);
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
