import { createLocalJWKSet, type JWSHeaderParameters, errors as joseErrors } from 'jose';
import { LRUCache } from 'lru-cache';
import { z } from 'zod';
import type { GetDocument } from './issuer-documents.ts';
import type { IssuerConfig } from './issuers.ts';

/** How long a key set is used without asking again, and how long at most when asking fails; milliseconds. */
const freshFor = 10 * 60_000;
const usableFor = 6 * 3_600_000;
/** Between two requests for the key set, whatever the reason; a kid that was not in it is not asked for again so long. */
const coolDown = 30_000;
const unknownFor = 60_000;
const maxUnknown = 1_000;
const maxKeys = 100;

const Jwk = z.looseObject({ kty: z.enum(['RSA', 'EC', 'OKP']), use: z.literal('sig').optional() });
const KeySet = z.object({ keys: z.array(z.unknown()).max(maxKeys) });
const Discovery = z.object({ issuer: z.string(), jwks_uri: z.url({ protocol: /^https?$/ }) });

type FindKey = ReturnType<typeof createLocalJWKSet>;
type Key = Awaited<ReturnType<FindKey>>;

interface Held {
  readonly find: FindKey;
  /** when it was asked for, ms since the epoch */
  readonly at: number;
}

/** The issuer's keys cannot be had, and there are none that may still be used. */
export class KeysUnavailable extends Error {
  override readonly name = 'KeysUnavailable';
}

/** The issuer has no such key. */
export class UnknownKey extends Error {
  override readonly name = 'UnknownKey';
}

/**
 * The public keys of one issuer. Tokens with invented kids cost the issuer one request per cool-down, however many come;
 * while it is down, the keys it had are used for some hours more.
 */
export class IssuerKeys {
  #held: Held | undefined;
  #asked = Number.NEGATIVE_INFINITY;
  #flight: Promise<void> | undefined;
  readonly #unknown: LRUCache<string, true>;

  constructor(
    private readonly config: Pick<IssuerConfig, 'issuer' | 'jwksUrl'>,
    private readonly get: GetDocument,
    private readonly now: () => number,
    private readonly onFailure: (error: unknown) => void,
  ) {
    this.#unknown = new LRUCache({ max: maxUnknown, ttl: unknownFor, perf: { now } });
  }

  /** Rejects with `UnknownKey` or `KeysUnavailable`. */
  async find(header: JWSHeaderParameters): Promise<Key> {
    if (!this.#held || this.now() - this.#held.at >= freshFor) await this.#refresh();
    const name = `${header.alg} ${header.kid ?? ''}`;
    const found = await this.#lookUp(header);
    if (found) return found;
    const mayAsk = this.#flight !== undefined || this.now() - this.#asked >= coolDown;
    if (!mayAsk || this.#unknown.has(name)) throw new UnknownKey();
    await this.#refresh();
    const added = await this.#lookUp(header);
    if (added) return added;
    this.#unknown.set(name, true);
    throw new UnknownKey();
  }

  async #lookUp(header: JWSHeaderParameters): Promise<Key | undefined> {
    const held = this.#held;
    if (!held || this.now() - held.at >= usableFor) throw new KeysUnavailable();
    try {
      return await held.find(header);
    } catch (error) {
      // Several that fit a token without kid is none: which one it was must not be tried out.
      if (
        error instanceof joseErrors.JWKSNoMatchingKey ||
        error instanceof joseErrors.JWKSMultipleMatchingKeys
      )
        return undefined;
      throw error;
    }
  }

  /** Asks, unless somebody has just asked. That it fails is told by there being no keys, or only old ones. */
  async #refresh(): Promise<void> {
    if (this.#flight) return this.#flight;
    if (this.now() - this.#asked < coolDown) return;
    const at = this.now();
    this.#asked = at;
    this.#flight = this.#ask()
      .then((find) => {
        this.#held = { find, at };
      })
      .catch((error: unknown) => this.onFailure(error)) // the keys from before stay; without any, `find` says so
      .finally(() => {
        this.#flight = undefined;
      });
    return this.#flight;
  }

  async #ask(): Promise<FindKey> {
    const { keys } = KeySet.parse(await this.get(this.config.jwksUrl ?? (await this.#discover())));
    // A key of a kind that we do not know is no reason to lose the others.
    return createLocalJWKSet({ keys: keys.flatMap((key) => Jwk.safeParse(key).data ?? []) });
  }

  async #discover(): Promise<string> {
    const { issuer } = this.config;
    const document = Discovery.parse(
      await this.get(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`),
    );
    if (document.issuer !== issuer) throw new Error(`${issuer} says that it is ${document.issuer}`);
    const secure = new URL(issuer).protocol === 'http:' || new URL(document.jwks_uri).protocol === 'https:';
    if (!secure) throw new Error(`${issuer} has its keys at an address without TLS`);
    return document.jwks_uri;
  }
}
