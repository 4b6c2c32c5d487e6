import type { FastifyRequest } from 'fastify';
import type { Authenticated } from '../access/authenticator.ts';

export interface SignedInUser {
  readonly id: string;
  /** as people know it */
  readonly name: string;
}

/** What signing in, and tokens, ask of those who keep the users. */
export interface Users {
  /** undefined: there is none, or it may not sign in any longer. */
  find(id: string): Promise<SignedInUser | undefined>;
  /** undefined: wrong name or password. Rejects with `rate_limited` after too many of those. */
  byPassword(userName: string, password: string, request: FastifyRequest): Promise<SignedInUser | undefined>;
  /** What the user may do at this moment, and the ids of all that it depends on. */
  principalOf(id: string): Promise<Pick<Authenticated, 'principal' | 'dependsOn'> | undefined>;
}

/** The injection token of `Users`. */
export const USERS = Symbol('users');
