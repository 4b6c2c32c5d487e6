import { createHash, timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { ApiError } from '../answers/api-error.ts';

/** Who calls, and what it may see. */
export interface Principal {
  readonly id: string;
  /** slugs of the connections that it may see; absent: all of them */
  readonly connections?: readonly string[];
}

const sights = new WeakMap<Principal, string>();

/**
 * Stands for everything that a principal may see. What was made for one is given to every other with the same sight, so two
 * that may not see exactly the same must never have the same.
 */
export function sightOf(principal: Principal): string {
  let sight = sights.get(principal);
  if (sight === undefined) {
    sight = principal.connections === undefined ? 'all' : JSON.stringify([...principal.connections].sort());
    sights.set(principal, sight);
  }
  return sight;
}

export type Authenticate = (authorization: string | undefined) => Principal;

/** How many credentials are remembered after they were checked. */
const remembered = 1000;

/** Checks a credential once and remembers who it belongs to; what is refused is checked anew each time. */
export class Authentications {
  readonly #known = new LRUCache<string, Principal>({ max: remembered });

  constructor(private readonly authenticate: Authenticate) {}

  /** Who was found behind this header before. */
  known(authorization: string | undefined): Principal | undefined {
    return authorization === undefined ? undefined : this.#known.get(authorization);
  }

  /** Throws `unauthorized` where nobody is known by it. */
  check(authorization: string | undefined): Principal {
    const known = this.known(authorization);
    if (known) return known;
    const principal = this.authenticate(authorization);
    this.#known.set(authorization as string, principal);
    return principal;
  }
}

const challenge = { 'www-authenticate': 'Bearer realm="fleetgate"' };

/** Knows the root key, by its hash alone, compared in constant time. */
export function rootKeyAuthentication(rootKey: string): Authenticate {
  const expected = sha256(rootKey);
  const root: Principal = { id: 'root' };
  return (authorization) => {
    const presented = /^Bearer +([\x21-\x7e]{1,4096})$/i.exec(authorization ?? '')?.[1];
    if (presented === undefined) {
      throw new ApiError('unauthorized', 'send an API key: Authorization: Bearer <key>', {
        headers: challenge,
      });
    }
    if (!timingSafeEqual(sha256(presented), expected)) {
      throw new ApiError('unauthorized', 'this API key is not known', {
        headers: { 'www-authenticate': `${challenge['www-authenticate']}, error="invalid_token"` },
      });
    }
    return root;
  };
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
