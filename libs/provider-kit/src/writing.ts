import type { Call, Journal, Step, StepResult } from '@fleetgate/provider-spec';

/** One step of a write: every request that changes the upstream goes through this. */
export function step<T extends StepResult>(call: Call, name: string, work: Step<T>): Promise<T> {
  return journalOf(call).step(name, work, call);
}

/** The journal of the write that this call is part of. */
export function journalOf(call: Call): Journal {
  if (!call.journal) throw new Error('a change was asked for by a call without a journal');
  return call.journal;
}
