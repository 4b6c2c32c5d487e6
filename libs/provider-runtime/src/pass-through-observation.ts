import type { Call } from '@fleetgate/provider-spec';
import { contextOf } from './call.ts';
import { tell } from './observer.ts';
import type { NativeRequest } from './pass-through.ts';
import type { Outcome, Tracing } from './trace.ts';

interface Observed {
  readonly request: NativeRequest;
  readonly call: Call;
  readonly attempt: number;
  readonly waitedMs: number;
  readonly url: string;
}

/** Tells the observer, once, how an attempt ended. */
export function observation(
  { connection, provider, clock, observer }: Tracing,
  { request, call, attempt, waitedMs, url }: Observed,
) {
  const startedAt = clock.now();
  const { breaker } = contextOf(call) ?? {};
  return (outcome: Outcome) => {
    if (observer.request === undefined) return;
    tell(observer.request.bind(observer), {
      connection,
      provider,
      operation: 'native.call',
      class: 'native',
      ...(breaker === undefined ? {} : { breaker }),
      requestId: call.requestId,
      traceparent: call.traceparent,
      attempt,
      ...(attempt > 1 ? { again: 'retry' } : {}),
      waitedMs,
      method: request.method,
      url: `${url}${request.target.split('?', 1)[0]}`,
      startedAt,
      ms: clock.now() - startedAt,
      ...outcome,
    });
  };
}
