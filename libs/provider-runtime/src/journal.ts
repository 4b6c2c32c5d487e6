import { Fault, isFault } from '@fleetgate/model';
import type { Call, Clock, Journal, Step, StepResult } from '@fleetgate/provider-spec';

export interface StepRecord {
  /** begun: it may have taken effect, or not */
  readonly state: 'begun' | 'done';
  /** when its first attempt began, in milliseconds since the epoch */
  readonly begunAt: number;
  /** of a step that is done */
  readonly result?: StepResult;
}

/** Where the steps of one write are kept. Every method resolves once what it says would survive a crash. */
export interface JournalStore {
  read(step: string): Promise<StepRecord | undefined>;
  begin(step: string, begunAt: number): Promise<void>;
  finish(step: string, result: StepResult): Promise<void>;
  /** It is certain that the step did nothing: it is forgotten. */
  refuse(step: string): Promise<void>;
}

export interface JournalOptions {
  readonly stamp: string;
  readonly store: JournalStore;
  readonly clock: Clock;
  /**
   * How long a request whose answer was lost may still be on its way to take effect, in milliseconds: only after that does
   * "not found" mean that nothing happened. Default 5,000.
   */
  readonly settleMs?: number;
}

/** How often a step that is not found is looked for while it may still take effect, in milliseconds. */
const lookEvery = 500;

export function createJournal({ stamp, store, clock, settleMs = 5_000 }: JournalOptions): Journal {
  async function found<T extends StepResult>(
    step: Step<T>,
    call: Call,
    begunAt: number,
  ): Promise<{ result: T } | undefined> {
    for (;;) {
      const result = await step.find?.(call, begunAt);
      if (result !== undefined) return { result };
      const wait = begunAt + settleMs - clock.now();
      if (wait <= 0) return undefined;
      await clock.sleep(Math.min(wait, lookEvery), call.signal);
    }
  }

  async function attempt<T extends StepResult>(
    name: string,
    step: Step<T>,
    call: Call,
    begunAt: number,
  ): Promise<T> {
    try {
      return await step.make(call);
    } catch (error) {
      if (!mayHaveTakenEffect(error)) {
        await store.refuse(name);
        throw error;
      }
      if (step.idempotent && !step.find) throw error;
      if (!step.find) throw unknown(name, error);
      // One look, for this caller's sake. What it cannot tell stays begun, and is looked for again before anything is sent.
      const result = await step.find(call, begunAt).catch((failure: unknown) => {
        if (isFault(failure, 'outcome_unknown')) throw failure;
        return undefined; // the upstream does not answer that either: the first failure tells more
      });
      if (result === undefined) throw error;
      return result;
    }
  }

  return {
    stamp,
    async step(name, step, call) {
      const known = await store.read(name);
      // The type of a result is the step's own: only it has written there.
      if (known?.state === 'done') return known.result as Awaited<ReturnType<typeof step.make>>;
      const begunAt = known?.begunAt ?? clock.now();
      if (known && step.find) {
        const earlier = await found(step, call, begunAt);
        if (earlier) {
          await store.finish(name, earlier.result);
          return earlier.result;
        }
      } else if (known && !step.idempotent) throw unknown(name);
      if (!known) await store.begin(name, begunAt);
      const result = await attempt(name, step, call, begunAt);
      await store.finish(name, result);
      return result;
    },
  };
}

/** Anything but a refusal by the upstream, or the certainty that it was never reached. */
function mayHaveTakenEffect(error: unknown): boolean {
  if (!(error instanceof Fault)) return true;
  const silent = ['timeout', 'unavailable', 'unexpected', 'outcome_unknown'].includes(error.code);
  return silent && error.sent;
}

function unknown(step: string, cause?: unknown): Fault {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new Fault(
    'outcome_unknown',
    `it cannot be told whether the step "${step}" took effect, so that it is not sent again${why}`,
    { cause },
  );
}

/** A journal that forgets with the process. */
export function memoryJournal({
  stamp,
  clock,
  settleMs,
}: Omit<JournalOptions, 'store'>): Journal & { readonly steps: ReadonlyMap<string, StepRecord> } {
  const steps = new Map<string, StepRecord>();
  const store: JournalStore = {
    read: async (step) => steps.get(step),
    begin: async (step, begunAt) => void steps.set(step, { state: 'begun', begunAt }),
    finish: async (step, result) => {
      const begunAt = steps.get(step)?.begunAt ?? clock.now();
      steps.set(step, { state: 'done', begunAt, result });
    },
    refuse: async (step) => void steps.delete(step),
  };
  return {
    ...createJournal({ stamp, store, clock, ...(settleMs === undefined ? {} : { settleMs }) }),
    steps,
  };
}
