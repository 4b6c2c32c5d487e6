import { Fault, isFault } from '@fleetgate/model';
import type { Call, Clock, Journal, Step, StepResult } from '@fleetgate/provider-spec';

export interface StepRecord {
  /** begun: it may have taken effect, or not */
  readonly state: 'begun' | 'done';
  /** when its first attempt began, in milliseconds since the epoch */
  readonly begunAt: number;
  /** when its latest attempt began: what that one sent may still be on its way */
  readonly triedAt: number;
  /** of a step that is done */
  readonly result?: StepResult;
}

/** Where the steps of one write are kept. Every method resolves once what it says would survive a crash. */
export interface JournalStore {
  read(step: string): Promise<StepRecord | undefined>;
  /** An attempt at the step begins at `at`; of the first one the time is kept as `begunAt`. */
  begin(step: string, at: number): Promise<void>;
  finish(step: string, result: StepResult): Promise<void>;
  /** Keeps what was found before a step, under a name of its own; `read` gives it back as `done`. */
  note(name: string, result: StepResult): Promise<void>;
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
    { begunAt, triedAt }: StepRecord,
  ): Promise<{ result: T } | undefined> {
    for (;;) {
      // A look takes as long as the upstream and its limits let it: what it began too soon to see may be there when it ends.
      const settled = clock.now() >= triedAt + settleMs;
      const result = await step.find?.(call, begunAt);
      if (result !== undefined) return { result };
      if (step.idempotent || settled) return undefined;
      const wait = triedAt + settleMs - clock.now();
      if (wait > 0) await clock.sleep(Math.min(wait, lookEvery), call.signal);
    }
  }

  async function attempt<T extends StepResult>(
    name: string,
    step: Step<T>,
    call: Call,
    earlier: StepRecord | undefined,
  ): Promise<T> {
    const at = clock.now();
    const begunAt = earlier?.begunAt ?? at;
    await store.begin(name, at);
    try {
      return await step.make(call);
    } catch (error) {
      if (!mayHaveTakenEffect(error)) {
        // What is refused ("there is one already") may be what an earlier attempt has made after all.
        const late = earlier && (await step.find?.(call, begunAt));
        if (late !== undefined) return late;
        if (!earlier || !step.idempotent) await store.refuse(name);
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
    async note(name, look, call) {
      const known = await store.read(name);
      if (known?.state === 'done') return known.result as Awaited<ReturnType<typeof look>>;
      const found = await look(call);
      await store.note(name, found);
      return found;
    },
    async step(name, step, call) {
      const known = await store.read(name);
      // The type of a result is the step's own: only it has written there.
      if (known?.state === 'done') return known.result as Awaited<ReturnType<typeof step.make>>;
      if (known && step.find) {
        const earlier = await found(step, call, known);
        if (earlier) {
          await store.finish(name, earlier.result);
          return earlier.result;
        }
      } else if (known && !step.idempotent) throw unknown(name);
      const result = await attempt(name, step, call, known);
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
    begin: async (step, at) => {
      steps.set(step, { state: 'begun', begunAt: steps.get(step)?.begunAt ?? at, triedAt: at });
    },
    finish: async (step, result) => {
      const now = clock.now();
      steps.set(step, { begunAt: now, triedAt: now, ...steps.get(step), state: 'done', result });
    },
    note: async (name, result) => {
      const now = clock.now();
      steps.set(name, { state: 'done', begunAt: now, triedAt: now, result });
    },
    refuse: async (step) => void steps.delete(step),
  };
  return {
    ...createJournal({ stamp, store, clock, ...(settleMs === undefined ? {} : { settleMs }) }),
    steps,
  };
}
