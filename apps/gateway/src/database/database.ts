import pg from 'pg';
import type { DataSource } from 'typeorm';
import { ChannelListener } from './listener.ts';

/** Where the PostgreSQL is: a URL, or a unix socket folder (or host) with its port, user and database. */
export type DatabaseTarget = (
  | { readonly url: string }
  | { readonly host: string; readonly port: number; readonly user: string; readonly database: string }
) & {
  /** sessions that the pool opens at most; default 20 */
  readonly poolSize?: number;
};

export interface Statement {
  /** a named statement is prepared once per session, so a name must stand for one text only */
  readonly name?: string;
  readonly text: string;
  readonly values?: readonly unknown[];
}

/** The process's one pool, shared with TypeORM, for the SQL that is ours. */
export class Database {
  readonly pool: pg.Pool;
  readonly #target: DatabaseTarget;

  constructor(source: DataSource, target: DatabaseTarget) {
    this.pool = poolOf(source);
    this.#target = target;
  }

  async query<R>(statement: Statement): Promise<R[]> {
    const result = await this.pool.query(statement as pg.QueryConfig);
    return result.rows as R[];
  }

  /** The same, with every row as an array in the order of the columns. */
  async tuples<R extends readonly unknown[]>(statement: Statement): Promise<R[]> {
    const result = await this.pool.query({ ...statement, rowMode: 'array' } as pg.QueryArrayConfig);
    return result.rows as unknown as R[];
  }

  /** Runs `work` in one transaction: committed when it resolves, rolled back when it rejects. */
  async transaction<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.pool.connect();
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
      throw error;
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
