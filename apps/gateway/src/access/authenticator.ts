import type { FastifyRequest } from 'fastify';
import type pg from 'pg';
import type { Principal } from './principal.ts';

/** What a credential was found to be. */
export interface Authenticated {
  readonly principal: Principal;
  /** when the credential itself ends, in ms since the epoch; Infinity: never */
  readonly expiresAt: number;
  /** ids of everything whose change can make it worth less: the key or session, the user, the teams */
  readonly dependsOn: readonly string[];
}

/** Knows one kind of credential. */
export interface Authenticator {
  /** By its form alone: no look-up, no signature. The first of the list that says yes decides about it. */
  handles(token: string): boolean;
  /** Rejects with `credentialRefused()` for one that is not good; with anything else when it cannot tell. */
  authenticate(token: string, request: FastifyRequest): Promise<Authenticated>;
  /**
   * Makes the token good for nothing from now on, on every replica, when `client`'s transaction commits; gives back the ids
   * that others remember it by (`dependsOn`). Absent: such credentials are not ended by who holds them.
   */
  end?(token: string, client: Pick<pg.PoolClient, 'query'>): Promise<string[]>;
}

/** The injection token of the ordered list of authenticators. */
export const AUTHENTICATORS = Symbol('authenticators');
