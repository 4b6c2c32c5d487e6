import type { Kind } from '@fleetgate/model';
import type pg from 'pg';
import { nobody, sourceKind } from './revisions.ts';

/** The channel on which every replica hears of every other's commits. */
export const channel = 'fleetgate_inventory';

/** What is said on it. A revision without a kind is one of the source's state. */
export type Signal =
  | { readonly connection: string; readonly kind: Kind; readonly revision: number }
  | { readonly connection: string; readonly revision: number }
  | { readonly connection: string; readonly requested: true }
  | { readonly connection: string; readonly linked: true }
  | { readonly connection: string; readonly folded: Readonly<Record<string, number>> }
  /** whoever hears this has heard everything before it, and says `passed` */
  | { readonly barrier: string }
  | { readonly passed: string };

type Executor = Pick<pg.PoolClient, 'query'>;

/** Counts a change of the rows of a kind (or, without one, of the source's state) and says so when the transaction commits. */
export async function bump(client: Executor, connection: string, kind?: Kind): Promise<number> {
  const said = kind === undefined ? '' : `'kind', kind, `;
  const { rows } = await client.query<{ revision: number }>({
    text: `WITH bumped AS (
        INSERT INTO inventory_revision AS r (connection, kind, revision) VALUES ($1, $2, 1)
        ON CONFLICT (connection, kind) DO UPDATE SET revision = r.revision + 1
        RETURNING connection, kind, revision)
      SELECT revision, pg_notify('${channel}',
        json_build_object('connection', connection, ${said}'revision', revision)::text) FROM bumped`,
    values: [connection, kind ?? sourceKind],
  });
  return (rows[0] as { revision: number }).revision;
}

/** Says that a connection was made, changed or removed. */
export async function sayLinked(client: Executor, connection: string): Promise<void> {
  const signal: Signal = { connection, linked: true };
  await client.query({ text: 'SELECT pg_notify($1, $2)', values: [channel, JSON.stringify(signal)] });
}

/**
 * Counts the revisions of a connection that is gone among those of nobody, so that the sum of all goes up by one for each
 * kind, and the connection needs to be known no more. Resolves to the new revisions of nobody.
 */
export async function fold(client: Executor, connection: string): Promise<Record<string, number>> {
  const { rows } = await client.query<{ kind: string; revision: number }>({
    text: `WITH gone AS (DELETE FROM inventory_revision WHERE connection = $1 RETURNING kind, revision)
      INSERT INTO inventory_revision AS r (connection, kind, revision) SELECT $2, kind, revision + 1 FROM gone
      ON CONFLICT (connection, kind) DO UPDATE SET revision = r.revision + excluded.revision RETURNING kind, revision`,
    values: [connection, nobody],
  });
  const folded = Object.fromEntries(rows.map(({ kind, revision }) => [kind, revision]));
  const signal: Signal = { connection, folded };
  await client.query({ text: 'SELECT pg_notify($1, $2)', values: [channel, JSON.stringify(signal)] });
  return folded;
}

/** Says that somebody waits for a sync of the connection. */
export async function sayRequested(client: Executor, connection: string): Promise<void> {
  const signal: Signal = { connection, requested: true };
  await client.query({ text: 'SELECT pg_notify($1, $2)', values: [channel, JSON.stringify(signal)] });
}
