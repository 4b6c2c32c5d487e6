import { createJournal, type JournalStore, type StepRecord } from '@fleetgate/provider-runtime';
import type { Clock, Journal, StepResult } from '@fleetgate/provider-spec';

/** How long the suite's journals give a lost request to take effect, in milliseconds: its upstreams are quick. */
const settleMs = 20;

/** The process ended here, as far as the write can tell. */
export class Died extends Error {
  override readonly name = 'Died';
}

/** How far one write has come: what survives the end of a process. */
export interface Progress {
  /** a process that takes the write up */
  journal(): Journal;
  /** names of the steps that may have taken effect, or not */
  begun(): string[];
  /** Ends the present process at the `at`th moment of that sort from now: a step is begun and not sent yet, or done and not recorded yet. */
  die(moment: 'before sending' | 'before recording', at: number): void;
  /** whether it has */
  died(): boolean;
}

export function createProgress(clock: Clock, number: number): Progress {
  const steps = new Map<string, StepRecord>();
  let death: { moment: string; in: number } | undefined;
  let died = false;
  function dieAt(moment: string): void {
    if (death?.moment !== moment) return;
    death.in -= 1;
    if (death.in > 0) return;
    death = undefined;
    died = true;
    throw new Died(`the process ended ${moment}`);
  }
  const store: JournalStore = {
    read: async (step) => steps.get(step),
    async begin(step, at) {
      steps.set(step, { state: 'begun', begunAt: steps.get(step)?.begunAt ?? at, triedAt: at });
      dieAt('before sending');
    },
    async finish(step, result: StepResult) {
      dieAt('before recording');
      const now = clock.now();
      steps.set(step, { begunAt: now, triedAt: now, ...steps.get(step), state: 'done', result });
    },
    async note(name, result) {
      const now = clock.now();
      steps.set(name, { state: 'done', begunAt: now, triedAt: now, result });
    },
    refuse: async (step) => void steps.delete(step),
  };
  const stamp = `fg-${String(number).padStart(26, '0')}`;
  return {
    journal: () => createJournal({ stamp, store, clock, settleMs }),
    begun: () => [...steps].filter(([, { state }]) => state === 'begun').map(([name]) => name),
    die(moment, at) {
      death = { moment, in: at };
      died = false;
    },
    died: () => died,
  };
}
