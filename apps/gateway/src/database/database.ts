import pg from 'pg';
import type { DataSource } from 'typeorm';
import { DatabaseGate, DatabaseLost, lossOf } from './database-lost.ts';
import { ChannelListener } from './listener.ts';
import { SharedSessions } from './shared-sessions.ts';

/** Where the PostgreSQL is: a URL, or a unix socket folder (or host) with its port, user and database. */
export type DatabaseTarget = (
  | { readonly url: string }
  | { readonly host: string; readonly port: number; readonly user: string; readonly database: string }
) & {
  /** sessions that the pool opens at most; default 20 */
  readonly poolSize?: number;
};

const defaultPoolSize = 20;
export const poolSizeOf = ({ poolSize }: DatabaseTarget) => poolSize ?? defaultPoolSize;

export interface Statement {
  /** a named statement is prepared once per session, so a name must stand for one text only */
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
  /** how long it may take, in milliseconds; default 10,000 */
  readonly patienceMs?: number;
}

/** How long a statement may take unless it says otherwise, in milliseconds. */
const patience = 10_000;

/** The process's one pool, shared with TypeORM, for the SQL that is ours. */
export class Database {
  readonly pool: pg.Pool;
  readonly #target: DatabaseTarget;
  readonly #shared: SharedSessions;
  readonly #gate = new DatabaseGate();

  constructor(source: DataSource, target: DatabaseTarget) {
    this.pool = poolOf(source);
    this.#shared = new SharedSessions(this.pool, Math.max(1, Math.floor(poolSizeOf(target) / 4)));
    this.#target = target;
  }

  /** Rejects with `DatabaseLost`, at once, while the database is away. */
  async query<R>({ patienceMs = patience, ...statement }: Statement): Promise<R[]> {
    const config = { ...statement, query_timeout: patienceMs } as pg.QueryConfig;
    const result = await this.#gate.pass(() => this.pool.query(config));
    return result.rows as R[];
  }

  /** The same, with every row as an array in the order of the columns. */
  async tuples<R extends readonly unknown[]>({
    patienceMs = patience,
    ...statement
  }: Statement): Promise<R[]> {
    const config = { ...statement, query_timeout: patienceMs, rowMode: 'array' } as pg.QueryArrayConfig;
    const result = await this.#gate.pass(() => this.pool.query(config));
    return result.rows as unknown as R[];
  }

  /** As `tuples`, for what is known to be quick (a few milliseconds): on sessions that others use at the same time. */
  async quickTuples<R extends readonly unknown[]>({
    patienceMs = patience,
    ...statement
  }: Statement): Promise<R[]> {
    const config = { ...statement, query_timeout: patienceMs, rowMode: 'array' } as pg.QueryArrayConfig;
    const result = await this.#gate.pass(() => this.#shared.query(config));
    return result.rows as unknown as R[];
  }

  /** Runs `work` in one transaction: committed when it resolves, rolled back when it rejects. */
  async transaction<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#gate.pass(() => this.pool.connect());
    let broken = false;
    // A session that dies between two statements says so here; the next statement then rejects.
    const onError = () => {
      broken = true;
    };
    client.on('error', onError);
    try {
      await client.query('BEGIN');
      const outcome = await work(client);
      await client.query('COMMIT');
      return outcome;
    } catch (error) {
      try {
        await client.query('ROLLBACK');
      } catch {
        broken = true; // the session is of no more use; what broke it is thrown below
      }
      throw lossOf(error) === undefined ? error : new DatabaseLost(error);
    } finally {
      client.off('error', onError);
      client.release(broken);
    }
  }

  /**
   * Listens on a channel over a session of its own, which is opened again whenever it is lost. `onState(true)` comes when
   * listening has begun (what was sent before was missed), `onState(false)` when it was lost. Resolves once it listens for
   * the first time; the resolved function ends it. `name`: of the session, as the server shows it.
   */
  async listen(
    channel: string,
    onMessage: (payload: string) => void,
    onState: (connected: boolean) => void,
    name?: string,
  ): Promise<() => Promise<void>> {
    const listener = new ChannelListener(clientConfig(this.#target), channel, onMessage, onState, name);
    await listener.start();
    return () => listener.stop();
  }

  /** What a library that opens sessions by itself (the job queue) has to be given. */
  get connectionConfig(): pg.ClientConfig {
    return clientConfig(this.#target);
  }
}

function clientConfig(target: DatabaseTarget): pg.ClientConfig {
  if ('url' in target) return { connectionString: target.url };
  const { host, port, user, database } = target;
  return { host, port, user, database };
}

function poolOf(source: DataSource): pg.Pool {
  const { master } = source.driver as unknown as { master?: unknown };
  if (!(master instanceof pg.Pool)) throw new Error('the data source is not open, or not a PostgreSQL one');
  return master;
}
