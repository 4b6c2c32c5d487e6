import type { Limits } from '@fleetgate/provider-spec';

/** What is asked of a rate that several processes share. */
export interface Asked {
  readonly limits: Limits;
  /** requests that would go now */
  readonly wanted: number;
  /** requests that have to stay free for others: less than this and one more is nothing */
  readonly keep: number;
}

export interface Granted {
  /** requests that may go; Infinity where there is no limit to their rate */
  readonly requests: number;
  /** how long they may, in milliseconds: then it has to be asked again */
  readonly forMs: number;
  /** where none may go: when to ask again, in milliseconds */
  readonly againInMs: number;
  /** what is left of a pause that the upstream asked any of the processes for, in milliseconds */
  readonly pausedMs: number;
}

/** The rate and the pauses of one account of an upstream, over all processes that use it. */
export interface SharedLimits {
  /** Never rejects and never hangs: whoever cannot ask the others gives what is its own share. */
  take(asked: Asked): Promise<Granted>;
  /** Tells the others, for so many milliseconds from now. */
  pause(ms: number): void;
}
