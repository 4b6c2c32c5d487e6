import type { Kind } from '@fleetgate/model';
import type pg from 'pg';
import type { Database } from '../../database/database.ts';
import type { Lease } from './lease.ts';

/** Age at which a walk that was broken off is begun anew instead of being gone on with, in milliseconds. */
const oldestWalk = 60 * 60 * 1000;

/**
 * Where the walk of one kind stands. `pages`: reading; `ended`: every page is stored; `gone`: what it has not seen is being
 * marked as gone.
 */
export interface WalkState {
  readonly walk: number;
  readonly startedMs: number;
  /** cursor of the page to go on with; null: the first */
  readonly cursor: string | null;
  /** batches that are stored */
  readonly pages: number;
  readonly phase: 'pages' | 'ended' | 'gone';
  /** the upstream may have moved rows past it: what it has not seen may still be there */
  readonly shifted: boolean;
  /** the walk before this one missed more than half */
  readonly suspect: boolean;
  readonly failures: number;
  /** no walk of this kind has come to its end yet */
  readonly first: boolean;
}

const columns = `walk, round(date_part('epoch', walk_started) * 1000) AS "startedMs", walk_cursor AS cursor,
  walk_pages AS pages, walk_phase AS phase, walk_shifted AS shifted, suspect, failures, observed_at IS NULL AS first`;

/** The walk that was broken off, if it is young enough to go on with, or a new one. */
export async function openWalk(
  database: Database,
  lease: Lease,
  kind: Kind,
  nowMs: number,
): Promise<WalkState & { readonly resumed: boolean }> {
  return database.transaction(async (client) => {
    await lease.hold(client);
    const { rows } = await client.query<WalkState>({
      text: `SELECT ${columns} FROM sync_kind WHERE connection = $1 AND kind = $2 AND walk IS NOT NULL`,
      values: [lease.connection, kind],
    });
    const [known] = rows;
    if (known && nowMs - known.startedMs < oldestWalk) {
      // Time has passed between its pages: rows of a list that is paged by offset may have moved.
      return { ...known, shifted: known.shifted || known.pages > 0, resumed: true };
    }
    return { ...(await begin(client, lease.connection, kind, nowMs)), resumed: false };
  });
}

/** A new walk, whatever there was. */
export async function restartWalk(
  database: Database,
  lease: Lease,
  kind: Kind,
  nowMs: number,
): Promise<WalkState> {
  return database.transaction(async (client) => {
    await lease.hold(client);
    return begin(client, lease.connection, kind, nowMs);
  });
}

async function begin(
  client: pg.PoolClient,
  connection: string,
  kind: Kind,
  nowMs: number,
): Promise<WalkState> {
  await forgetSeen(client, connection, kind);
  const { rows } = await client.query<WalkState>({
    text: `INSERT INTO sync_kind AS k (connection, kind, walk, walk_started, walk_phase)
      VALUES ($1, $2, nextval('sync_walk'), $3::timestamptz, 'pages')
      ON CONFLICT (connection, kind) DO UPDATE SET walk = excluded.walk, walk_started = excluded.walk_started,
        walk_cursor = NULL, walk_pages = 0, walk_phase = 'pages', walk_shifted = false
      RETURNING ${columns}`,
    values: [connection, kind, new Date(nowMs).toISOString()],
  });
  return rows[0] as WalkState;
}

/** Drops what the walk of a kind has seen; before the walk itself is dropped. */
export async function forgetSeen(client: pg.PoolClient, connection: string, kind: Kind): Promise<void> {
  await client.query({
    text: 'DELETE FROM sync_seen WHERE walk = (SELECT walk FROM sync_kind WHERE connection = $1 AND kind = $2)',
    values: [connection, kind],
  });
}

export interface Checkpoint {
  readonly kind: Kind;
  /** the state as it is once the batch is stored */
  readonly state: WalkState;
  /** seqs of the rows that the batch has shown */
  readonly seqs: readonly number[];
}

const values = ({ kind, state, seqs }: Checkpoint) => [
  kind,
  state.walk,
  state.cursor,
  state.pages,
  state.phase,
  state.shifted,
  seqs,
];

const store = (first: number, only: string) => {
  const [kind, walk, cursor, pages, phase, shifted, seqs] = Array.from(
    { length: 7 },
    (_, index) => `$${first + index}`,
  );
  return `kept AS (UPDATE sync_kind SET walk_cursor = ${cursor}, walk_pages = ${pages}, walk_phase = ${phase},
      walk_shifted = ${shifted} WHERE connection = $1 AND kind = ${kind} AND walk = ${walk}${only} RETURNING 1),
    seen AS (INSERT INTO sync_seen (walk, page, seqs)
      SELECT ${walk}::bigint, ${pages}::int, ${seqs}::bigint[] FROM kept RETURNING 1)`;
};

/** Stores a checkpoint in the transaction of its batch, which holds the lease. */
export async function keepCheckpoint(
  client: pg.PoolClient,
  lease: Lease,
  checkpoint: Checkpoint,
): Promise<void> {
  const { rows } = await client.query<{ n: number }>({
    text: `WITH ${store(2, '')} SELECT count(*) AS n FROM seen`,
    values: [lease.connection, ...values(checkpoint)],
  });
  if (rows[0]?.n !== 1) throw lease.lose();
}

/**
 * Stores the checkpoint of a batch that changed nothing: one statement, and not waiting for the disk, since to lose it
 * costs reading that page once more.
 */
export async function passCheckpoint(
  database: Database,
  lease: Lease,
  checkpoint: Checkpoint,
): Promise<void> {
  const { held } = lease;
  const [row] = await database.query<{ n: number }>({
    name: 'sync-pass',
    text: `WITH held AS (${held.text}), ${store(4, ' AND EXISTS (SELECT 1 FROM held)')}
      SELECT count(*) AS n, set_config('synchronous_commit', 'off', true) FROM seen`,
    values: [...held.values, ...values(checkpoint)],
  });
  if (row?.n !== 1) throw lease.lose();
}
