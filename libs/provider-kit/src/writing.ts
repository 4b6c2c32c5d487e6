import { Fault, isFault } from '@fleetgate/model';
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

/**
 * What the upstream shows before the next step changes it, kept with the write: whoever takes it up later sees the same, and can
 * tell what the step has left from what was there already.
 */
export function remember<T extends StepResult>(
  call: Call,
  name: string,
  look: (call: Call) => Promise<T>,
): Promise<T> {
  return journalOf(call).note(name, look, call);
}

export interface Making<W> {
  /** Sends the request, and gives the id of what it made. */
  readonly make: (call: Call) => Promise<string>;
  /** every object of the same name, wherever the new one would be listed */
  readonly namesakes: (call: Call) => Promise<readonly W[]>;
  readonly idOf: (object: W) => string;
  /** whether a namesake has the content that was sent */
  readonly isSame: (object: W, call: Call) => Promise<boolean>;
  readonly assumed: string;
}

/** so many ids of namesakes are kept with a write; beyond that, a new one cannot be told from them */
const mostNamesakes = 500;

/**
 * Makes one object at an upstream that takes no stamp of ours and lets several objects have one name. The namesakes of before are
 * remembered, so that what a lost request has made is the new one among them with the same content; no clock has a part in it.
 */
export async function makeAmongNamesakes<W>(call: Call, name: string, making: Making<W>): Promise<string> {
  const idsOf = async (during: Call) => (await making.namesakes(during)).map(making.idOf);
  const before = new Set(await remember(call, `${name}: namesakes`, (during) => idsOf(during)));
  if (before.size > mostNamesakes) {
    throw new Fault('conflict', `more than ${mostNamesakes} objects of that name are there already`);
  }
  return step(call, name, {
    make: making.make,
    async find(during) {
      const found: string[] = [];
      for (const object of await making.namesakes(during)) {
        if (!before.has(making.idOf(object)) && (await making.isSame(object, during))) {
          found.push(making.idOf(object));
        }
      }
      if (found.length > 1) {
        throw new Fault('outcome_unknown', `any of ${found.length} new objects may be the one that was made`);
      }
      return found[0];
    },
    assumed: making.assumed,
  });
}

export interface Removal {
  /** Rejects with `not_found` where the object is gone. */
  readonly look: (call: Call) => Promise<unknown>;
  readonly send: (call: Call) => Promise<unknown>;
}

/** Removes one object. One that was not there to begin with is `not_found`; one that went while an answer was lost is removed. */
export async function removeInStep(call: Call, name: string, { look, send }: Removal): Promise<void> {
  await step(call, name, {
    async make(during) {
      await look(during);
      await send(during);
      return true;
    },
    async find(during) {
      try {
        await look(during);
        return undefined;
      } catch (error) {
        if (isFault(error, 'not_found')) return true;
        throw error;
      }
    },
    idempotent: true,
    assumed: true,
  });
}
