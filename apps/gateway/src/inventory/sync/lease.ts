import type pg from 'pg';
import { type Connection, linkOf } from '../../connections/connection.ts';
import type { Database } from '../../database/database.ts';

/** The lease of a connection went to somebody else, or ran out: nothing more may be written under it. */
export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';

  constructor(connection: string) {
    super(`the lease of ${connection} is lost`);
  }
}

export interface LeaseTerms {
  /** names the holder, for people */
  readonly owner: string;
  /** how long the lease lasts without being renewed, in milliseconds */
  readonly leaseMs: number;
}

/** The right to sync one connection, held by one process at a time, across all replicas. */
export class Lease {
  readonly #controller = new AbortController();
  readonly #heartbeat: NodeJS.Timeout;

  private constructor(
    private readonly database: Database,
    readonly connection: string,
    private readonly fence: number,
    private readonly terms: LeaseTerms,
    /** somebody asked for this sync */
    readonly requested: boolean,
    /** and allows it to mark as gone whatever it does not see */
    readonly confirmed: boolean,
  ) {
    this.#heartbeat = setInterval(() => void this.#beat(), terms.leaseMs / 3);
    this.#heartbeat.unref();
  }

  /** Undefined while somebody else holds it. */
  static async acquire(
    database: Database,
    connection: Connection,
    terms: LeaseTerms,
  ): Promise<Lease | undefined> {
    const { slug, definition } = connection;
    const [row] = await database.query<{ fence: number; requested: boolean; confirmed: boolean }>({
      text: `UPDATE sync_state SET lease_owner = $2, lease_until = now() + $3 * interval '1 ms', fence = fence + 1,
          serving = requested
        WHERE connection = $1 AND provider = $4 AND link = $5 AND (lease_until IS NULL OR lease_until <= now())
        RETURNING fence, requested > served AS requested, confirmed > served AS confirmed`,
      values: [slug, terms.owner, terms.leaseMs, definition.id, linkOf(connection)],
    });
    return row && new Lease(database, slug, row.fence, terms, row.requested, row.confirmed);
  }

  /** Aborted when the lease is lost. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * Renews the lease within a transaction, and locks the connection until that ends: whatever the transaction writes, nobody
   * else has written meanwhile. Rejects with `LeaseLost`.
   */
  async hold(client: Pick<pg.PoolClient, 'query'>): Promise<void> {
    const { rowCount } = await client.query({
      text: `UPDATE sync_state SET lease_until = now() + $3 * interval '1 ms' WHERE connection = $1 AND fence = $2
        AND lease_until > now()`,
      values: [this.connection, this.fence, this.terms.leaseMs],
    });
    if (rowCount === 0) throw this.lose();
  }

  /** The condition and values with which one statement does what `hold` does; `$1` to `$3` are taken. */
  get held(): { text: string; values: unknown[] } {
    return {
      text: `UPDATE sync_state SET lease_until = now() + $3 * interval '1 ms'
        WHERE connection = $1 AND fence = $2 AND lease_until > now() RETURNING 1`,
      values: [this.connection, this.fence, this.terms.leaseMs],
    };
  }

  lose(): LeaseLost {
    const lost = new LeaseLost(this.connection);
    this.#end();
    this.#controller.abort(lost);
    return lost;
  }

  /** Gives the lease back within a transaction that has `hold` of it. */
  async release(client: Pick<pg.PoolClient, 'query'>): Promise<void> {
    this.#end();
    await client.query({
      text: 'UPDATE sync_state SET lease_owner = NULL, lease_until = NULL WHERE connection = $1 AND fence = $2',
      values: [this.connection, this.fence],
    });
  }

  #end(): void {
    clearInterval(this.#heartbeat);
  }

  async #beat(): Promise<void> {
    try {
      await this.hold(this.database.pool);
    } catch {
      // LeaseLost has aborted the signal already; a database that is away is asked again by the next beat, or the lease
      // runs out, which the next write finds.
    }
  }
}
