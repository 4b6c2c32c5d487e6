import { Fault } from '@fleetgate/model';
import type { Operation } from '@fleetgate/provider-spec';
import { contextOf } from './call.ts';
import { type CallClass, callClasses } from './classes.ts';

/** How many calls of each class one connection may have under way, those included that wait for its limits. */
export type Slots = Readonly<Record<CallClass, number>>;

export const defaultSlots: Slots = { read: 256, write: 64, sync: 16, native: 64 };

/** after how long it is worth to come again when all slots are taken; milliseconds */
const retryAfterMs = 1_000;

/** Lets in what there is a slot for, and refuses the rest with `unavailable`, at once: nobody stands in line here. */
export interface Bulkhead {
  run<T>(of: CallClass, work: () => Promise<T>): Promise<T>;
  /** Takes a slot, which `leave` gives back; throws where there is none. */
  enter(of: CallClass): void;
  leave(of: CallClass): void;
  /** how many are under way */
  underWay(of: CallClass): number;
}

/** Two numbers for each class: the one of cockatiel is a line as well, which the limiter has already, and costs a promise or three. */
export function createBulkhead(connection: string, slots: Slots): Bulkhead {
  const taken = Object.fromEntries(callClasses.map((of) => [of, 0])) as Record<CallClass, number>;

  function enter(of: CallClass): void {
    if (taken[of] >= slots[of]) {
      const message = `${connection} has ${slots[of]} calls under way already, and takes no more`;
      throw new Fault('unavailable', message, { sent: false, retryAfterMs });
    }
    taken[of] += 1;
  }

  function leave(of: CallClass): void {
    taken[of] -= 1;
  }

  return {
    enter,
    leave,
    async run(of, work) {
      enter(of);
      try {
        return await work();
      } finally {
        leave(of);
      }
    },
    underWay: (of) => taken[of],
  };
}

/** Keeps a connection that hangs to slots of its own. */
export function withinSlots<In, Out>(operation: Operation<In, Out>, bulkhead: Bulkhead): Operation<In, Out> {
  return (input, call) => bulkhead.run(contextOf(call)?.class ?? 'read', () => operation(input, call));
}
