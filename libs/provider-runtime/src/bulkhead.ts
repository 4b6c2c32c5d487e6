import { Fault } from '@fleetgate/model';
import type { Operation } from '@fleetgate/provider-spec';
import { bulkhead as cockatielBulkhead, isBulkheadRejectedError } from 'cockatiel';
import { contextOf } from './call.ts';
import { type CallClass, callClasses } from './classes.ts';

/** How many calls of each class one connection may have under way, those included that wait for its limits. */
export type Slots = Readonly<Record<CallClass, number>>;

export const defaultSlots: Slots = { read: 256, write: 64, sync: 16, native: 64 };

/** after how long it is worth to come again when all slots are taken; milliseconds */
const retryAfterMs = 1_000;

/** Runs what there is a slot for, and refuses the rest with `unavailable`, at once. */
export interface Bulkhead {
  run<T>(of: CallClass, work: () => Promise<T>): Promise<T>;
  /** how many are under way */
  underWay(of: CallClass): number;
}

export function createBulkhead(connection: string, slots: Slots): Bulkhead {
  // Without a line of its own: cockatiel's does not let those go who no longer wait, and the limiter has one that does.
  const policies = Object.fromEntries(callClasses.map((of) => [of, cockatielBulkhead(slots[of])])) as Record<
    CallClass,
    ReturnType<typeof cockatielBulkhead>
  >;
  return {
    async run(of, work) {
      try {
        return await policies[of].execute(work);
      } catch (error) {
        if (!isBulkheadRejectedError(error)) throw error;
        const message = `${connection} has ${slots[of]} calls under way already, and takes no more`;
        throw new Fault('unavailable', message, { sent: false, retryAfterMs });
      }
    },
    underWay: (of) => slots[of] - policies[of].executionSlots,
  };
}

/** Keeps a connection that hangs to slots of its own. */
export function withinSlots<In, Out>(operation: Operation<In, Out>, bulkhead: Bulkhead): Operation<In, Out> {
  return (input, call) => bulkhead.run(contextOf(call)?.class ?? 'read', () => operation(input, call));
}
