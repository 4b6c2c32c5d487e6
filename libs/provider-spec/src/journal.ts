import type { Call } from './provider.ts';

/** What a step can leave behind for the steps after it, and for whoever takes the write up again: plain JSON, small. */
export type StepResult =
  | string
  | number
  | boolean
  | null
  | readonly StepResult[]
  | { readonly [name: string]: StepResult };

/**
 * The record of one write. A write changes its upstream by steps, each of one request; what a step did is kept before the next
 * one begins, so that a write which broke off is taken up where it stood and nothing is done twice.
 */
export interface Journal {
  /** unique to this write, and safe in names and labels: `fg-` and 26 lower-case letters and digits */
  readonly stamp: string;
  /**
   * Gives the result of a step that is done already, else makes it. Where an earlier attempt may have taken effect, or this
   * one's answer was lost, `find` is asked before anything is sent again; what it cannot tell ends with `outcome_unknown`. Names are unique within the write. Rejects with `Fault`.
   */
  step<T extends StepResult>(name: string, step: Step<T>, call: Call): Promise<T>;
  /**
   * Gives what `look` found when it was first asked under this name within the write: a note of how things stood before, that
   * whoever takes the write up again sees unchanged. A look changes nothing upstream, and is no step.
   */
  note<T extends StepResult>(name: string, look: (call: Call) => Promise<T>, call: Call): Promise<T>;
}

export interface Step<T extends StepResult> {
  /** Sends the one request that changes the upstream, with the call that it is given. */
  readonly make: (call: Call) => Promise<T>;
  /**
   * Looks for what an earlier attempt at this same step has left: by the stamp where the upstream keeps it, else by a name or a
   * state that only this step can have made (`begunAt`: when the first attempt began, in milliseconds since the epoch, by our
   * clock). Undefined: there is certainly nothing. Rejects with `outcome_unknown` where it cannot be told apart. Absent: the
   * upstream gives no way to look; such a step is never sent twice.
   */
  readonly find?: (call: Call, begunAt: number) => Promise<T | undefined>;
  /**
   * True: making it a second time changes nothing more (a PUT of the same content, a DELETE), so that it can be sent again
   * without having been looked for.
   */
  readonly idempotent?: boolean;
  /** stands for the result in a dry run, where nothing is sent: the next request is shown with it */
  readonly assumed: T;
}
