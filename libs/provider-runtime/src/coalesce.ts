import type { Operation } from '@fleetgate/provider-spec';
import { contextOf, faultOfSignal, untilEnded } from './call.ts';
import { setDeadline } from './deadlines.ts';

interface Flight<Out> {
  readonly answer: Promise<Out>;
  readonly ending: AbortController;
  /** request id of the call that started it */
  readonly leader: string;
  /** what the upstream was told of the time that it has; undefined: the operation's own bound */
  readonly deadlineAt: number | undefined;
  callers: number;
}

/**
 * Equal inputs that are under way at once become one call of `operation`. It belongs to none of its callers: one that gives
 * up fails alone, and the flight is ended when the last one has left. Success and failure are shared, and nothing is kept
 * beyond the flight. Callers get the same object, so they must not change it.
 *
 * Make one per operation and connection: that is what keeps different accounts apart. `operation` needs a bound of its
 * own on time, for a flight can outlive the deadline of every caller by being joined again and again.
 */
export function coalesce<In, Out>(operation: Operation<In, Out>): Operation<In, Out> {
  const flights = new Map<string, Flight<Out>>();

  function forget(key: string, flight: Flight<Out>): void {
    if (flights.get(key) === flight) flights.delete(key);
  }

  return async (input, call) => {
    if (call.signal.aborted) throw faultOfSignal(call.signal);
    // A caller who waits does not join a call that gives way to those who do.
    const key = `${contextOf(call)?.class} ${canonicalJson(input)}`;
    const context = contextOf(call);
    const deadlineAt = context?.deadlineAt;
    let flight = flights.get(key);
    // Who waits for longer than the upstream was given does not join.
    if (
      flight &&
      (deadlineAt ?? Number.POSITIVE_INFINITY) <= (flight.deadlineAt ?? Number.POSITIVE_INFINITY)
    ) {
      if (context) context.leader = flight.leader;
    } else {
      const ending = new AbortController();
      if (deadlineAt !== undefined) setDeadline(ending.signal, deadlineAt);
      const answer = operation(input, { ...call, signal: ending.signal });
      flight = { answer, ending, leader: call.requestId, deadlineAt, callers: 0 };
      flights.set(key, flight);
      const land = forget.bind(undefined, key, flight);
      answer.then(land, land);
    }
    const joined = flight;
    joined.callers += 1;
    try {
      return await untilEnded(joined.answer, call.signal);
    } finally {
      joined.callers -= 1;
      if (joined.callers === 0 && call.signal.aborted) {
        forget(key, joined); // the next caller must not join what is about to fail
        joined.ending.abort(faultOfSignal(call.signal));
      }
    }
  };
}

/** Equal values give equal text, whatever the order of their keys. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
