import { Fault } from '@fleetgate/model';
import type { Traffic } from './call.ts';
import type { Verdict } from './circuit.ts';

/**
 * What a failure says of the upstream, of which `traffic` is what went out and came back for the call. It is sick when it gives no
 * answer, none in time, half of one, or a 5xx; a refusal is an answer, and shows that it works. Our own limits, a caller who
 * stood in line for all of its time, and whatever was never sent say nothing.
 */
export function verdictOf(error: unknown, traffic: Traffic): Verdict {
  if (!(error instanceof Fault)) return 'unknown'; // a bug of ours
  const answers = traffic.well > 0 ? 'well' : 'unknown';
  switch (error.code) {
    case 'unavailable':
      return 'sick';
    case 'timeout':
      return traffic.sent > traffic.well ? 'sick' : answers;
    case 'unexpected':
      return (error.upstream?.status ?? 0) >= 500 ? 'sick' : answers;
    case 'outcome_unknown':
      return error.cause === undefined ? answers : verdictOf(error.cause, traffic);
    default:
      return answers;
  }
}
