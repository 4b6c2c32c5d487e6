import { Fault } from '@fleetgate/model';
import type { Clock, StoredToken, TokenStore } from '@fleetgate/provider-spec';
import pg from 'pg';
import type { Logger } from 'pino';
import { Sealed } from './sealed.ts';

export interface PostgresTokensOptions {
  readonly connection: pg.ClientConfig;
  readonly secretKey: Buffer;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Sessions for locks: apart from the pool of everything else, so that renewals cannot use that one up. */
const maxSessions = 4;
/** How long a renewal waits for one that is under way elsewhere, in milliseconds. */
const lockPatience = 10_000;
/** How long a token that was read is given again without asking the database, in milliseconds. */
const rememberFor = 1000;
/** First half of the advisory lock's key; the second is a hash of the name. */
const lockSpace = 0x746f6b;

/** Session tokens in PostgreSQL, encrypted at rest, renewed by one replica at a time. */
export class PostgresTokens implements TokenStore {
  readonly #pool: pg.Pool;
  readonly #sealed: Sealed;
  readonly #recent = new Map<string, { until: number; token: StoredToken }>();
  #warned = false;

  constructor(private readonly options: PostgresTokensOptions) {
    this.#pool = new pg.Pool({
      ...options.connection,
      max: maxSessions,
      connectionTimeoutMillis: lockPatience,
    });
    this.#pool.on('error', (error) =>
      options.logger.warn({ err: error }, 'an idle session of the token store was lost'),
    );
    this.#sealed = new Sealed(options.secretKey);
  }

  async read(name: string): Promise<StoredToken | undefined> {
    const recent = this.#recent.get(name);
    if (recent && recent.until > this.options.clock.now()) return recent.token;
    const { rows } = await this.#asking(() =>
      this.#pool.query<{ value: Buffer; expires: string }>({
        name: 'token-read',
        text: `SELECT value, (date_part('epoch', expires_at) * 1000)::bigint::text AS expires FROM provider_session WHERE name = $1`,
        values: [name],
      }),
    );
    const [row] = rows;
    if (!row) return undefined;
    const value = this.#sealed.open(name, row.value);
    if (value === undefined) {
      this.#warnOnce();
      return undefined;
    }
    return this.#remember(name, { value, expiresAt: Number(row.expires) });
  }

  async write(name: string, token: StoredToken): Promise<void> {
    await this.#asking(() =>
      this.#pool.query({
        text: `INSERT INTO provider_session (name, value, expires_at) VALUES ($1, $2, to_timestamp($3::float8 / 1000))
          ON CONFLICT (name) DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at`,
        values: [name, this.#sealed.seal(name, token.value), token.expiresAt],
      }),
    );
    this.#remember(name, token);
  }

  async exclusive<T>(name: string, work: () => Promise<T>): Promise<T> {
    const client = await this.#asking(() => this.#pool.connect());
    let broken: Error | undefined;
    try {
      await this.#asking(() => client.query(`SET lock_timeout = ${lockPatience}`));
      await this.#asking(() => client.query('SELECT pg_advisory_lock($1, hashtext($2))', [lockSpace, name]));
      try {
        this.#recent.delete(name); // whoever held the lock before may have stored another
        return await work();
      } finally {
        await client
          .query('SELECT pg_advisory_unlock($1, hashtext($2))', [lockSpace, name])
          .catch((error: Error) => {
            broken = error; // closing the session gives the lock back as well
          });
      }
    } finally {
      client.release(broken);
    }
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }

  /** A database that does not answer is no fault of the upstream, but for the caller it comes to the same. */
  async #asking<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (cause) {
      throw new Fault('unavailable', 'the stored session cannot be reached', { cause });
    }
  }

  #remember(name: string, token: StoredToken): StoredToken {
    this.#recent.set(name, { token, until: this.options.clock.now() + rememberFor });
    return token;
  }

  #warnOnce(): void {
    if (this.#warned) return;
    this.#warned = true;
    this.options.logger.warn(
      'stored sessions cannot be opened: FLEETGATE_SECRET_KEY is another one than before',
    );
  }
}
