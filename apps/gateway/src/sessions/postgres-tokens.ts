import type { Clock, StoredToken, TokenStore } from '@fleetgate/provider-spec';
import { LRUCache } from 'lru-cache';
import pg from 'pg';
import type { Logger } from 'pino';
import type { Sealed } from '../sealing/sealed.ts';
import { ReplicaLocks, unreachable } from './replica-locks.ts';

export interface PostgresTokensOptions {
  readonly connection: pg.ClientConfig;
  readonly sealed: Sealed;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'warn'>;
  /** told of every token that passes through, so that it can be kept out of the log */
  readonly onToken?: (name: string, value: string) => void;
  /** how long a renewal waits for one that is under way elsewhere, in milliseconds; default 10,000 */
  readonly lockPatienceMs?: number;
}

/** Sessions for reading and writing: apart from the pool of everything else, so that neither waits for the other. */
const maxSessions = 2;
/** Bound on connecting, and on one statement, in milliseconds. */
const statementMs = 5_000;
/** How long a token that was read is given again without asking the database, in milliseconds. */
const rememberFor = 1_000;
/** Tokens that are remembered at once. */
const remembered = 2_000;
/** How long a token that has ended is kept (the clocks of replicas may differ), and how many are removed at once. */
const keepEnded = '1 hour';
const maxRemoved = 100;

/**
 * Session tokens in PostgreSQL, encrypted at rest, renewed by one replica at a time. A database that does not answer is the
 * fault `unavailable`. Tokens that have ended, or cannot be opened with this secret key, count as absent.
 */
export class PostgresTokens implements TokenStore {
  readonly #options: PostgresTokensOptions;
  readonly #pool: pg.Pool;
  readonly #locks: ReplicaLocks;
  readonly #recent = new LRUCache<string, { until: number; token: StoredToken }>({ max: remembered });
  readonly #reads = new Map<string, Promise<StoredToken | undefined>>();
  #warned = false;

  constructor(options: PostgresTokensOptions) {
    this.#options = options;
    const connection = {
      ...options.connection,
      connectionTimeoutMillis: statementMs,
      query_timeout: statementMs,
    };
    this.#pool = new pg.Pool({ ...connection, max: maxSessions, application_name: 'fleetgate sessions' });
    this.#pool.on('error', (error) => {
      // The pool opens another by itself; while everything ends it is no news.
      if (!this.#pool.ending)
        options.logger.warn({ err: error }, 'an idle session of the token store was lost');
    });
    this.#locks = new ReplicaLocks({
      connection,
      clock: options.clock,
      patienceMs: options.lockPatienceMs ?? 10_000,
    });
  }

  async read(name: string): Promise<StoredToken | undefined> {
    const recent = this.#recent.get(name);
    if (recent && recent.until > this.#options.clock.now()) return this.#unlessEnded(recent.token);
    return this.#unlessEnded(await (this.#reads.get(name) ?? this.#startRead(name)));
  }

  async write(name: string, token: StoredToken): Promise<void> {
    this.#options.onToken?.(name, token.value);
    await this.#query(
      `INSERT INTO provider_session (name, value, expires_at) VALUES ($1, $2, to_timestamp($3::float8 / 1000))
       ON CONFLICT (name) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at`,
      [name, this.#options.sealed.seal(name, token.value), token.expiresAt],
    );
    this.#reads.delete(name); // one that is under way may have seen the token before
    this.#remember(name, token);
    await this.#removeEnded();
  }

  /**
   * Sessions of accounts that are no longer there would pile up. A statement of its own, which waits for no row: two writers
   * could otherwise wait for each other.
   */
  async #removeEnded(): Promise<void> {
    try {
      await this.#pool.query(
        `DELETE FROM provider_session WHERE name IN (
           SELECT name FROM provider_session WHERE expires_at < now() - $1::interval
           ORDER BY name LIMIT $2 FOR UPDATE SKIP LOCKED)`,
        [keepEnded, maxRemoved],
      );
    } catch {
      // the token is stored, which is what was asked for; the next write sweeps again
    }
  }

  exclusive<T>(name: string, work: () => Promise<T>): Promise<T> {
    return this.#locks.hold(name, () => {
      this.#recent.delete(name); // whoever held the lock before may have stored another
      this.#reads.delete(name);
      return work();
    });
  }

  /** Ends the database sessions; what waits for its turn is refused. */
  async close(): Promise<void> {
    await this.#locks.close();
    await this.#pool.end();
  }

  /** One look at the database for everybody who asks meanwhile. What a write or a renewal has overtaken is not remembered. */
  #startRead(name: string): Promise<StoredToken | undefined> {
    const reading: Promise<StoredToken | undefined> = this.#readStored(name)
      .then((token) => {
        if (token && this.#reads.get(name) === reading) this.#remember(name, token);
        return token;
      })
      .finally(() => {
        if (this.#reads.get(name) === reading) this.#reads.delete(name);
      });
    this.#reads.set(name, reading);
    return reading;
  }

  async #readStored(name: string): Promise<StoredToken | undefined> {
    const [row] = await this.#query<{ value: Buffer; expires: string }>(
      `SELECT value, (date_part('epoch', expires_at) * 1000)::bigint::text AS expires
       FROM provider_session WHERE name = $1`,
      [name],
    );
    if (!row) return undefined;
    const value = this.#options.sealed.open(name, row.value);
    if (value === undefined) {
      this.#warnOnce();
      return undefined;
    }
    this.#options.onToken?.(name, value);
    return { value, expiresAt: Number(row.expires) };
  }

  async #query<R>(text: string, values: unknown[]): Promise<R[]> {
    try {
      const { rows } = await this.#pool.query(text, values);
      return rows as R[];
    } catch (error) {
      throw unreachable(error);
    }
  }

  #unlessEnded(token: StoredToken | undefined): StoredToken | undefined {
    return token && token.expiresAt > this.#options.clock.now() ? token : undefined;
  }

  #remember(name: string, token: StoredToken): void {
    this.#recent.set(name, { token, until: this.#options.clock.now() + rememberFor });
  }

  #warnOnce(): void {
    if (this.#warned) return;
    this.#warned = true;
    this.#options.logger.warn(
      'stored sessions cannot be opened: FLEETGATE_SECRET_KEY is another one than before; new ones take their place',
    );
  }
}
