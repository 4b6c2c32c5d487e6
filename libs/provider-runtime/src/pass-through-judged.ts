import type { Call } from '@fleetgate/provider-spec';
import { type CallContext, noTraffic, withContext } from './call.ts';
import type { Circuit } from './circuit.ts';
import type { AnswerSink } from './pass-through-exchange.ts';
import { failureOf } from './trace.ts';
import { verdictOf } from './verdict.ts';

/**
 * Lets a call that goes through pass the circuit. What its answer says of the upstream is known when it begins; it may go on
 * for as long as it likes.
 */
export async function judged(
  circuit: Circuit,
  sink: AnswerSink,
  call: Call,
  work: (told: AnswerSink, under: Call) => Promise<void>,
): Promise<void> {
  const passage = circuit.enter();
  const context: CallContext = {
    operation: 'native.call',
    class: 'native',
    traffic: noTraffic(),
    breaker: circuit.state,
  };
  const told: AnswerSink = {
    head(status, headers) {
      passage.end(status >= 500 ? 'sick' : 'well', `it answered ${status}`);
      sink.head(status, headers);
    },
    data: (chunk) => sink.data(chunk),
    end: () => sink.end(),
    onReady: (resume) => sink.onReady(resume),
  };
  try {
    await work(told, withContext(call, context));
  } catch (error) {
    const verdict = call.signal.aborted ? 'unknown' : verdictOf(error, context.traffic);
    passage.end(verdict, failureOf(error).message);
    throw error;
  } finally {
    passage.end('unknown');
  }
}
