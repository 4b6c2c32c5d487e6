import { Fault } from '@fleetgate/model';
import type { Clock, Operation } from '@fleetgate/provider-spec';
import { faultOfSignal, untilEnded } from './call.ts';
import { deadlineOf, setDeadline } from './deadlines.ts';

export interface DeadlineOptions {
  /** milliseconds over everything below */
  ms: number;
  clock: Clock;
  /** named in the fault: `fm-east clusters.list` */
  label: string;
  /** ends every call, whoever makes it */
  ended?: AbortSignal | undefined;
}

/**
 * Ends a call after `ms`, or at its caller's own deadline, or as soon as its caller goes, also when the operation does not listen. Rejects with `timeout`,
 * or with the fault of the caller's signal. What a failed operation left running is ended with it.
 */
export function deadline<In, Out>(
  operation: Operation<In, Out>,
  { ms, clock, label, ended }: DeadlineOptions,
): Operation<In, Out> {
  return async (input, call) => {
    for (const signal of [call.signal, ended]) if (signal?.aborted) throw faultOfSignal(signal);
    const ending = new AbortController();
    const timer = new AbortController();
    const leave = () => ending.abort(faultOfSignal(call.signal));
    call.signal.addEventListener('abort', leave, { once: true });
    const end = () => ending.abort(ended && faultOfSignal(ended));
    ended?.addEventListener('abort', end, { once: true });
    const now = clock.now();
    const given = Math.max(0, Math.min(ms, (deadlineOf(call.signal) ?? Number.POSITIVE_INFINITY) - now));
    setDeadline(ending.signal, now + given);
    clock.sleep(given, timer.signal).then(
      () => ending.abort(new Fault('timeout', `${label} did not end within ${Math.round(given)} ms`)),
      () => undefined, // the call ended before its time
    );
    try {
      return await untilEnded(operation(input, { ...call, signal: ending.signal }), ending.signal);
    } catch (error) {
      ending.abort(error);
      throw error;
    } finally {
      call.signal.removeEventListener('abort', leave);
      ended?.removeEventListener('abort', end);
      timer.abort(null); // null: nobody reads the reason, and an error with a stack would cost more than the timer
    }
  };
}
