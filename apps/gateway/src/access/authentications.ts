import type { FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import type { Authenticated, Authenticator } from './authenticator.ts';
import type { Principal } from './principal.ts';
import { credentialMissing, credentialRefused } from './refusals.ts';

/** How many credentials are remembered after they were checked. */
const remembered = 10_000;

/** So long (ms) one that is asked for again and again is not marked anew as the latest that was. */
const latestFor = 1000;

interface Entry extends Authenticated {
  /** when it was last marked as the latest that was asked for; milliseconds since the epoch */
  latest: number;
  /** whether it was met since somebody last asked for those that were */
  used: boolean;
}

/**
 * Checks a credential once and remembers who it belongs to: until it expires, until something that it depends on changes
 * (`forget`), and only as long as it is sure to hear of changes (`trustUntil`). What is refused is checked anew each time.
 */
export class Authentications {
  readonly #known = new LRUCache<string, Entry>({ max: remembered });
  readonly #flights = new Map<string, Promise<Principal>>();
  #authenticators: readonly Authenticator[] = [];
  #trustedUntil = Number.NEGATIVE_INFINITY;
  /** goes up with every change, so that what was looked up before it is not remembered after it */
  #changes = 0;

  use(authenticators: readonly Authenticator[]): void {
    this.#authenticators = authenticators;
  }

  /** Who was found behind this header before. */
  known(authorization: string | undefined, now = Date.now()): Principal | undefined {
    if (authorization === undefined) return undefined;
    const entry = this.#known.peek(authorization);
    if (entry === undefined) return undefined;
    if (Math.abs(now - entry.latest) > latestFor) {
      entry.latest = now;
      this.#known.get(authorization);
    }
    if (now >= this.#trustedUntil || now >= entry.expiresAt) return undefined;
    entry.used = true;
    return entry.principal;
  }

  /** Rejects with `unauthorized` where nobody is known by it. */
  async check(authorization: string | undefined, request: FastifyRequest): Promise<Principal> {
    const known = this.known(authorization);
    if (known) return known;
    const token = tokenOf(authorization);
    if (authorization === undefined || token === undefined) throw credentialMissing();
    let flight = this.#flights.get(authorization);
    if (!flight) {
      flight = this.#look(authorization, token, request).finally(() => {
        if (this.#flights.get(authorization) === flight) this.#flights.delete(authorization);
      });
      this.#flights.set(authorization, flight);
    }
    return flight;
  }

  async #look(authorization: string, token: string, request: FastifyRequest): Promise<Principal> {
    const authenticator = this.authenticatorOf(token);
    if (!authenticator) throw credentialRefused();
    const changes = this.#changes;
    const found = await authenticator.authenticate(token, request);
    if (found.expiresAt <= Date.now()) throw credentialRefused();
    if (changes === this.#changes) {
      this.#known.set(authorization, { ...found, used: true, latest: Number.NEGATIVE_INFINITY });
    }
    return found.principal;
  }

  /** Who decides about it. */
  authenticatorOf(token: string): Authenticator | undefined {
    return this.#authenticators.find((one) => one.handles(token));
  }

  /** Something changed: whatever depends on one of these ids (all, without them) is looked up anew. */
  forget(ids?: readonly string[]): void {
    this.#changes += 1;
    this.#flights.clear(); // whoever comes from now on must not be given what was read before
    if (ids === undefined) {
      this.#known.clear();
      return;
    }
    for (const [authorization, { dependsOn }] of this.#known.entries()) {
      if (dependsOn.some((id) => ids.includes(id))) this.#known.delete(authorization);
    }
  }

  /** Until then (ms since the epoch) every change is sure to be heard of. */
  trustUntil(moment: number): void {
    this.#trustedUntil = moment;
  }

  /** Who has called since this was last asked. */
  takeUsed(): Principal[] {
    const used: Principal[] = [];
    for (const entry of this.#known.values()) {
      if (!entry.used) continue;
      entry.used = false;
      used.push(entry.principal);
    }
    return used;
  }
}

/** The token of a Bearer header. */
export function tokenOf(authorization: string | undefined): string | undefined {
  return /^Bearer +([\x21-\x7e]{1,8192})$/i.exec(authorization ?? '')?.[1];
}
