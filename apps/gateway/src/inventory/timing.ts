import type { Clock } from '@fleetgate/provider-spec';

/** The injection token of `Timing`. */
export const TIMING = Symbol('timing');

/** Time and chance, as the inventory takes them. */
export interface Timing {
  readonly clock: Clock;
  /** a number in [0, 1) */
  readonly random: () => number;
}
