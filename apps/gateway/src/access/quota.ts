import type { Principal } from './principal.ts';

/** What is left to a caller of its team's plan in the hour under way. */
export interface QuotaLeft {
  readonly limit: number;
  readonly remaining: number;
  /** Unix seconds */
  readonly reset: number;
}

/** Tells how much of a plan is used, without using any of it. null: the caller is not limited. */
export interface Quota {
  left(principal: Principal): Promise<QuotaLeft | null>;
}

/** The injection token of `Quota`. */
export const QUOTA = Symbol('quota');
