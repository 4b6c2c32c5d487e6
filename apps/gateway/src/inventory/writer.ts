import { Fault, type Kind } from '@fleetgate/model';
import type pg from 'pg';
import { type Connection, linkOf } from '../connections/connection.ts';
import { type Counted, CounterDeltas } from './counters.ts';
import type { Row } from './records.ts';
import { bump } from './signals.ts';

/** What is stored of a row already, as far as writing it anew has to know. */
interface Stored extends Counted {
  readonly id: string;
  readonly seq: number;
  readonly hash: string;
  readonly factsHash: string;
  readonly observedMs: number;
  /** null: live */
  readonly goneMs: number | null;
}

interface Change {
  readonly id: string;
  readonly change: 'created' | 'updated' | 'deleted';
  readonly status: string | null;
  readonly previous: string | null;
  /** JSON of the resource as it is now; of one that is gone: as it was last */
  readonly body: string;
  readonly version: number;
}

/** Why rows are written, as far as those who hear of it are concerned. */
export interface Origin {
  /** true: nothing happened, it is only new to us (the first walk over a kind); nobody is told */
  readonly quiet?: boolean;
  /** of the request of ours that caused it */
  readonly requestId?: string | undefined;
}

export interface Written {
  /** seq of every row that is live now, of those that were given */
  readonly seqs: ReadonlyMap<string, number>;
  /** rows that were inserted or updated */
  readonly rows: number;
  /** undefined: nothing was written */
  readonly revision: number | undefined;
}

/**
 * Every write of one connection holds this lock until it commits, so that its rows and counters have one writer. Rejects with
 * `Fault` `unavailable` where the rows are no longer those of this connection: it was removed meanwhile.
 */
export async function lockConnection(client: pg.PoolClient, connection: Connection): Promise<void> {
  const { rowCount } = await client.query({
    text: 'SELECT 1 FROM sync_state WHERE connection = $1 AND link = $2 FOR NO KEY UPDATE',
    values: [connection.slug, linkOf(connection)],
  });
  if (rowCount === 0) throw new Fault('unavailable', `${connection.slug} is not linked any more`);
}

/**
 * Writes what differs, with its counters, outbox rows and revision. `asOfMs` is when the upstream was asked: a row that
 * was observed (or seen gone) later than that is left as it is. The caller holds the lock of the connection.
 */
export async function write(
  client: pg.PoolClient,
  connection: string,
  kind: Kind,
  rows: readonly Row[],
  asOfMs: number,
  origin: Origin = {},
): Promise<Written> {
  const stored = await read(
    client,
    rows.map(({ id }) => id),
  );
  const seqs = new Map<string, number>();
  const inserts: Row[] = [];
  const updates: Row[] = [];
  const counters = new CounterDeltas();
  const changes: Omit<Change, 'version'>[] = [];
  for (const row of rows) {
    const before = stored.get(row.id);
    if (!before) {
      inserts.push(row);
      counters.add(row);
      changes.push({ ...told(row), change: 'created', previous: null });
      continue;
    }
    const live = before.goneMs === null;
    if (live) seqs.set(row.id, before.seq);
    if (live ? before.hash === row.hash || before.observedMs > asOfMs : (before.goneMs as number) > asOfMs)
      continue;
    seqs.set(row.id, before.seq);
    updates.push(row);
    counters.add(row);
    if (live) counters.remove(before);
    if (!live) changes.push({ ...told(row), change: 'created', previous: null });
    else if (before.factsHash !== row.factsHash) {
      changes.push({ ...told(row), change: 'updated', previous: before.status });
    }
  }
  if (inserts.length + updates.length === 0) return { seqs, rows: 0, revision: undefined };
  for (const [id, seq] of await insert(client, connection, kind, inserts, asOfMs)) seqs.set(id, seq);
  const versions = new Map(await update(client, updates, asOfMs));
  await counters.write(client, connection, kind);
  const versioned = changes.map((change) => ({ ...change, version: versions.get(change.id) ?? 1 }));
  if (!origin.quiet) await tell(client, connection, kind, versioned, origin);
  return { seqs, rows: inserts.length + updates.length, revision: await bump(client, connection, kind) };
}

/**
 * Marks rows as gone that were last observed no later than `asOfMs`. The caller holds the lock of the connection. Resolves
 * to how many were live until now, and the new revision if there were any.
 */
export async function markGone(
  client: pg.PoolClient,
  connection: string,
  kind: Kind,
  ids: readonly string[],
  asOfMs: number,
  origin: Origin = {},
): Promise<{ rows: number; revision: number | undefined }> {
  const stored = await read(client, ids);
  const gone = [...stored.values()].filter((row) => row.goneMs === null && row.observedMs <= asOfMs);
  if (gone.length === 0) return { rows: 0, revision: undefined };
  const counters = new CounterDeltas();
  for (const row of gone) counters.remove(row);
  const { rows: last } = await client.query<{ id: string; body: string; version: number }>({
    text: `UPDATE resource SET gone_at = $2::timestamptz, version = version + 1 WHERE id = ANY($1::text[])
      RETURNING id, body::text AS body, version`,
    values: [gone.map(({ id }) => id), new Date(asOfMs).toISOString()],
  });
  await counters.write(client, connection, kind);
  const changes = last.map(
    (row): Change => ({
      ...row,
      change: 'deleted',
      status: null,
      previous: stored.get(row.id)?.status ?? null,
    }),
  );
  if (!origin.quiet) await tell(client, connection, kind, changes, origin);
  return { rows: gone.length, revision: await bump(client, connection, kind) };
}

async function read(client: pg.PoolClient, ids: readonly string[]): Promise<Map<string, Stored>> {
  const { rows } = await client.query<Stored>({
    text: `SELECT id, seq, hash, facts_hash AS "factsHash", status, team, parent_id AS "parentId", target_id AS "targetId",
        labels, CASE WHEN isfinite(updated_at) THEN to_char(updated_at, 'YYYY-MM-DD"T"HH24') ELSE '-infinity' END AS "updatedAt",
        round(date_part('epoch', observed_at) * 1000) AS "observedMs", round(date_part('epoch', gone_at) * 1000) AS "goneMs"
      FROM resource WHERE id = ANY($1::text[])`,
    values: [ids],
  });
  return new Map(rows.map((row) => [row.id, row]));
}

const columns: readonly [column: string, type: string, value: (row: Row) => unknown][] = [
  ['name_sort', 'text', (row) => row.nameSort],
  ['status', 'text', (row) => row.status],
  ['team', 'text', (row) => row.team],
  ['parent_id', 'text', (row) => row.parentId],
  ['target_id', 'text', (row) => row.targetId],
  ['labels', 'text[]', (row) => arrayLiteral(row.labels)],
  ['created_at', 'timestamptz', (row) => row.createdAt],
  ['updated_at', 'timestamptz', (row) => row.updatedAt],
  ['hash', 'uuid', (row) => row.hash],
  ['facts_hash', 'uuid', (row) => row.factsHash],
  ['body', 'json', (row) => row.body],
  ['latest', 'json', (row) => row.latest],
  ['native', 'json', (row) => row.native],
];
const names = columns.map(([column]) => column).join(', ');

/** Every value of a column goes as one array of texts, and is cast in the select: arrays of arrays cannot be unnested. */
const unnested = (first: number) =>
  `unnest(${columns.map((_, index) => `$${first + index}::text[]`).join(', ')}, $${first + columns.length}::text[])`;
const cast = columns.map(([column, type]) => `u.${column}::${type}`);
const arrays = (rows: readonly Row[]) => [
  ...columns.map(([, , value]) => rows.map(value)),
  rows.map(({ id }) => id),
];

async function insert(
  client: pg.PoolClient,
  connection: string,
  kind: Kind,
  rows: readonly Row[],
  asOfMs: number,
): Promise<[string, number][]> {
  if (rows.length === 0) return [];
  const { rows: inserted } = await client.query<[string, number]>({
    text: `INSERT INTO resource (connection, kind, observed_at, id, ${names})
      SELECT $1, $2, $3::timestamptz, u.id, ${cast.join(', ')} FROM ${unnested(4)} AS u(${names}, id) RETURNING id, seq`,
    values: [connection, kind, new Date(asOfMs).toISOString(), ...arrays(rows)],
    rowMode: 'array',
  });
  return inserted;
}

/** Resolves to the version of each row. */
async function update(
  client: pg.PoolClient,
  rows: readonly Row[],
  asOfMs: number,
): Promise<[string, number][]> {
  if (rows.length === 0) return [];
  // The ids are said twice: the second time makes it sure that the rows are looked up, whatever the planner thinks of u.
  const { rows: updated } = await client.query<[string, number]>({
    text: `UPDATE resource r SET (version, observed_at, gone_at, ${names})
        = ROW(r.version + 1, $1::timestamptz, NULL::timestamptz, ${cast.join(', ')})
      FROM ${unnested(2)} AS u(${names}, id) WHERE r.id = u.id AND r.id = ANY($${columns.length + 2}::text[])
      RETURNING r.id, r.version`,
    values: [new Date(asOfMs).toISOString(), ...arrays(rows)],
    rowMode: 'array',
  });
  return updated;
}

function told({ id, status, body }: Row): Pick<Change, 'id' | 'status' | 'body'> {
  return { id, status, body };
}

async function tell(
  client: pg.PoolClient,
  connection: string,
  kind: Kind,
  changes: readonly Change[],
  { requestId }: Origin,
): Promise<void> {
  if (changes.length === 0) return;
  await client.query({
    text: `INSERT INTO outbox (connection, kind, request_id, resource_id, change, status, previous_status, body, version)
      SELECT $1, $2, $3, u.id, u.change, u.status, u.previous, u.body::json, u.version
      FROM unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bigint[])
        AS u(id, change, status, previous, body, version)`,
    values: [
      connection,
      kind,
      requestId ?? null,
      changes.map(({ id }) => id),
      changes.map(({ change }) => change),
      changes.map(({ status }) => status),
      changes.map(({ previous }) => previous),
      changes.map(({ body }) => body),
      changes.map(({ version }) => version),
    ],
  });
}

function arrayLiteral(texts: readonly string[]): string {
  return `{${texts.map((text) => `"${text.replace(/[\\"]/g, '\\$&')}"`).join(',')}}`;
}
