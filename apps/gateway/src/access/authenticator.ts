import type { FastifyRequest } from 'fastify';
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
}

/** The injection token of the ordered list of authenticators. */
export const AUTHENTICATORS = Symbol('authenticators');
