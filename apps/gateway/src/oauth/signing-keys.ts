import { Injectable, Logger } from '@nestjs/common';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';
import type pg from 'pg';
import { Database } from '../database/database.ts';
import { Keyring } from '../sealing/keyring.ts';
import type { Sealed } from '../sealing/sealed.ts';
import { oauthKeys } from '../sealing/sealed-columns.ts';
import type { KeyRing, KeyState, RingKey } from './key-ring.ts';
import { accessTokenSeconds } from './lifetimes.ts';

/** What access and ID tokens are signed with: short keys and signatures, cheap to make, and understood by everyone. */
export const signatureAlgorithm = 'ES256';
/** For how long a ring is used before the database is asked again: how late a replica may hear of a rotation; milliseconds. */
const freshFor = 1_000;
/** Key of the advisory lock under which keys are made and moved. */
const ringLock = 0x6b657973;
/** What is left for clocks that differ, when the last token of a retired key has ended. */
const retirement = `${accessTokenSeconds + 300} seconds`;

interface KeyRow {
  kid: string;
  state: KeyState;
  private_key: Buffer;
  created_at: string;
  retires_at: string | null;
}

const order: Record<KeyState, number> = { current: 0, next: 1, previous: 2 };

/** The keys that the OAuth server signs with: one for all replicas, sealed in the database, made when there is none. */
@Injectable()
export class SigningKeys {
  readonly #log = new Logger('OAuth');
  readonly #sealed: Sealed;
  #ring: { ring: KeyRing; at: number } | undefined;
  #flight: Promise<KeyRing> | undefined;

  constructor(
    private readonly database: Database,
    keyring: Keyring,
  ) {
    this.#sealed = keyring.sealed(oauthKeys.purpose);
  }

  /** The ring, at most a second old. */
  async ring(): Promise<KeyRing> {
    if (this.#ring && Date.now() - this.#ring.at < freshFor) return this.#ring.ring;
    this.#flight ??= this.reload().finally(() => {
      this.#flight = undefined;
    });
    return this.#flight;
  }

  async reload(): Promise<KeyRing> {
    const at = Date.now();
    const ring = (await this.#read(this.database.pool)) ?? (await this.#make());
    this.#ring = { ring, at };
    return ring;
  }

  /**
   * The next key signs from now on, and a new one is published for the time after it; to be called in a transaction.
   * `forget`: keys that signed before count no more, and so do all tokens that they have signed.
   */
  async rotate(client: pg.PoolClient, { forget }: { forget: boolean }): Promise<void> {
    await client.query('SELECT pg_advisory_xact_lock($1)', [ringLock]);
    await client.query(
      `UPDATE oauth_key SET state = 'previous', retires_at = now() + $1::interval WHERE state = 'current'`,
      [retirement],
    );
    await client.query(`UPDATE oauth_key SET state = 'current' WHERE state = 'next'`);
    await client.query(`DELETE FROM oauth_key WHERE state = 'previous' AND ($1 OR retires_at < now())`, [
      forget,
    ]);
    await this.#fill(client);
  }

  /** undefined: one that must be there is missing, or cannot be opened. */
  async #read(executor: Pick<pg.PoolClient, 'query'>): Promise<KeyRing | undefined> {
    const { rows } = await executor.query<KeyRow>(
      'SELECT kid, state, private_key, created_at, retires_at FROM oauth_key ORDER BY created_at DESC, kid',
    );
    const keys = rows.flatMap((row) => this.#opened(row) ?? []);
    if (!keys.some(({ state }) => state === 'current') || !keys.some(({ state }) => state === 'next')) {
      return undefined;
    }
    keys.sort((a, b) => order[a.state] - order[b.state]);
    return { keys, fingerprint: keys.map(({ kid, state }) => `${state} ${kid}`).join() };
  }

  #opened(row: KeyRow): RingKey | undefined {
    const text = this.#sealed.open(row.kid, row.private_key);
    if (text === undefined) return undefined;
    return {
      kid: row.kid,
      state: row.state,
      createdAt: instant(row.created_at),
      retiresAt: row.retires_at === null ? null : instant(row.retires_at),
      privateKey: JSON.parse(text) as JWK,
    };
  }

  /** One replica makes them, whoever else comes waits for it. */
  #make(): Promise<KeyRing> {
    return this.database.transaction(async (client) => {
      await client.query('SELECT pg_advisory_xact_lock($1)', [ringLock]);
      const made = await this.#read(client);
      if (made) return made;
      const { rows } = await client.query<KeyRow>('SELECT * FROM oauth_key');
      const lost = rows.filter((row) => this.#opened(row) === undefined).map(({ kid }) => kid);
      if (lost.length > 0) {
        await client.query('DELETE FROM oauth_key WHERE kid = ANY ($1)', [lost]);
        this.#log.warn(
          'stored keys cannot be opened: FLEETGATE_SECRET_KEY is another one than before; new ones take their place, and tokens that were signed with the old ones count no more',
        );
      }
      await this.#fill(client);
      return (await this.#read(client)) as KeyRing;
    });
  }

  /** Makes what is missing of the two that must be there. */
  async #fill(client: pg.PoolClient): Promise<void> {
    for (const state of ['current', 'next'] as const) {
      const { rowCount } = await client.query('SELECT FROM oauth_key WHERE state = $1', [state]);
      if (rowCount) continue;
      const { privateKey } = await generateKeyPair(signatureAlgorithm, { extractable: true });
      const jwk = await exportJWK(privateKey);
      const kid = await calculateJwkThumbprint(jwk);
      const text = JSON.stringify({ ...jwk, kid, alg: signatureAlgorithm, use: 'sig' });
      await client.query('INSERT INTO oauth_key (kid, state, private_key) VALUES ($1, $2, $3)', [
        kid,
        state,
        this.#sealed.seal(kid, text),
      ]);
    }
  }
}

function instant(text: string): string {
  return new Date(text).toISOString();
}
