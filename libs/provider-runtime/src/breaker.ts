import type { Clock, Operation } from '@fleetgate/provider-spec';
import { type CallContext, contextOf, hasLeft, noTraffic, type Traffic } from './call.ts';
import { type Circuit, type CircuitBounds, createCircuit } from './circuit.ts';
import { type CallClass, callClasses } from './classes.ts';
import { deadlineOf } from './deadlines.ts';
import { tell } from './observer.ts';
import type { Tracing } from './trace.ts';
import { verdictOf } from './verdict.ts';

/** One for each class of calls, so that writes which fail do not stop reads. */
export type Circuits = Readonly<Record<CallClass, Circuit>>;

export function createCircuits(
  bounds: CircuitBounds,
  random: () => number,
  { connection, provider, clock, observer }: Tracing,
): Circuits {
  const circuits = callClasses.map((of) => {
    const changed = (state: Circuit['state'], message?: string) =>
      tell(observer.breaker?.bind(observer), {
        connection,
        provider,
        class: of,
        state,
        at: clock.now(),
        ...(message === undefined ? {} : { message }),
      });
    return [of, createCircuit({ bounds, clock, random, connection, changed })];
  });
  return Object.fromEntries(circuits);
}

/** the share of an operation's own time after which a deadline of its caller says what its own would have said */
const enough = 0.5;

export interface BreakerOptions {
  /** milliseconds that the operation has */
  readonly ms: number;
  readonly clock: Clock;
}

/**
 * Keeps an operation from an upstream that fails. It judges whole operations, in which the provider has said what an answer means:
 * one upstream answers 500 for something that is not there. The operation ends by itself after `ms`.
 */
export function breaker<In, Out>(
  operation: Operation<In, Out>,
  circuits: Circuits,
  { ms, clock }: BreakerOptions,
): Operation<In, Out> {
  return async (input, call) => {
    const context: CallContext = contextOf(call) ?? {
      operation: 'none',
      class: 'read',
      traffic: noTraffic(),
    };
    const circuit = circuits[context.class];
    context.breaker = circuit.state;
    const passage = circuit.enter();
    context.breaker = circuit.state;
    const before = { ...context.traffic };
    const startedAt = clock.now();
    // The call that decides goes on when its caller goes, as far as it changes nothing.
    const detached = passage.probe && context.class !== 'write';
    const under = detached ? { ...call, signal: new AbortController().signal } : call;
    try {
      const answer = await operation(input, under);
      passage.end(context.traffic.well > before.well ? 'well' : 'unknown');
      return answer;
    } catch (error) {
      // A caller who goes says nothing of the upstream, unless it is for want of time, and it has given it enough.
      const now = clock.now();
      const outOfTime = now >= (deadlineOf(under.signal) ?? Number.POSITIVE_INFINITY);
      const left =
        hasLeft(under.signal) || ((under.signal.aborted || outOfTime) && now - startedAt < ms * enough);
      const verdict = left ? 'unknown' : verdictOf(error, sinceThen(before, context.traffic));
      passage.end(verdict, error instanceof Error ? error.message : undefined);
      throw error;
    }
  };
}

function sinceThen(before: Traffic, now: Traffic): Traffic {
  return {
    sent: now.sent - before.sent,
    answered: now.answered - before.answered,
    well: now.well - before.well,
  };
}
