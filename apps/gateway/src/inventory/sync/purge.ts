import { Inject, Injectable } from '@nestjs/common';
import type pg from 'pg';
import { CONNECTIONS, type Connections, linkOf } from '../../connections/connection.ts';
import { Database } from '../../database/database.ts';
import { appendLock } from '../../events/sequencer.ts';
import { Revisions } from '../revisions.ts';
import { fold } from '../signals.ts';
import { Sources } from '../sources.ts';

/** Rows that are deleted in one transaction. */
const batchSize = 2_000;

/** What the inventory holds under one slug, of one link. */
export interface Remains {
  readonly connection: string;
  readonly link: string;
}

/** What is deleted of a connection bit by bit: live rows, those that are gone, events. */
const bulk = [
  ['resource', 'id', 'gone_at IS NULL AND connection = $1'],
  ['resource', 'id', 'gone_at IS NOT NULL AND connection = $1'],
  ['outbox', 'seq', 'connection = $1'],
] as const;

/** What goes at once, at the end. */
const rest = [
  'DELETE FROM resource_count WHERE connection = $1',
  'DELETE FROM sync_seen WHERE walk IN (SELECT walk FROM sync_kind WHERE connection = $1)',
  'DELETE FROM sync_kind WHERE connection = $1',
  'DELETE FROM follow_up WHERE connection = $1',
  'DELETE FROM sync_state WHERE connection = $1',
];

/**
 * Removes what the inventory holds of connections that were removed, left the file, or came back with another provider. Lists
 * do not show it meanwhile. One of the file that somebody is syncing at this moment is left alone: another replica has it still.
 */
@Injectable()
export class Purge {
  constructor(
    @Inject(CONNECTIONS) private readonly connections: Connections,
    private readonly database: Database,
    private readonly revisions: Revisions,
    private readonly sources: Sources,
  ) {}

  async run(stopping: AbortSignal): Promise<void> {
    const known = this.connections.all();
    const foreign = await this.database.query<Remains>({
      text: `SELECT connection, link FROM sync_state s WHERE NOT EXISTS (SELECT 1
          FROM unnest($1::text[], $2::text[], $3::text[]) AS k(slug, provider, link)
          WHERE k.slug = s.connection AND k.provider = s.provider AND k.link = s.link)
        AND NOT EXISTS (SELECT 1 FROM connection c WHERE c.id = s.link AND c.removed_at IS NULL AND c.slug <> ALL($4::text[]))
        AND (lease_until IS NULL OR lease_until <= now())`,
      values: [
        known.map(({ slug }) => slug),
        known.map(({ definition }) => definition.id),
        known.map(linkOf),
        known.filter(({ made }) => !made).map(({ slug }) => slug),
      ],
    });
    for (const remains of foreign) if (!stopping.aborted) await this.remove(remains, stopping);
    // One that never had anything.
    await this.database.query({
      text: `DELETE FROM connection c WHERE removed_at IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM sync_state s WHERE s.connection = c.slug AND s.link = c.id)`,
    });
    if (foreign.length > 0) await this.sources.load();
  }

  /** Removes all of it; less, when it is stopped. Another process may be at the same. */
  async remove(remains: Remains, stopping: AbortSignal): Promise<void> {
    while ((await this.#batch(this.database.pool, remains, 'FOR UPDATE SKIP LOCKED')) > 0) {
      if (stopping.aborted) return;
    }
    const folded = await this.database.transaction((client) => this.#close(client, remains));
    await this.sources.reload(remains.connection);
    if (folded) this.revisions.fold(remains.connection, folded);
  }

  /** The end, with nobody able to add to it. Undefined: somebody else was quicker. */
  async #close(client: pg.PoolClient, remains: Remains): Promise<Record<string, number> | undefined> {
    const { connection, link } = remains;
    const { rowCount } = await client.query({
      text: 'SELECT 1 FROM sync_state WHERE connection = $1 AND link = $2 FOR UPDATE',
      values: [connection, link],
    });
    if (rowCount === 0) return undefined;
    // Nothing of it is being put into the log of events from here on; what is there stays with its team, whoever gets the slug.
    await client.query({ text: 'SELECT pg_advisory_xact_lock($1)', values: [appendLock] });
    let late = 1; // what came in since the last look
    while (late > 0) late = await this.#batch(client, remains);
    for (const statement of rest) await client.query({ text: statement, values: [connection] });
    await client.query({
      // Whoever gets the slug next has nothing to do with what was changed under it, nor anything to see of it.
      text: `UPDATE operation SET connection = '', lease_until = NULL, updated_at = now(),
          state = CASE state WHEN 'running' THEN 'unresolved' ELSE state END
        WHERE connection = $1 AND $2 <> ''`,
      values: [connection, link],
    });
    await client.query({
      text: `UPDATE event SET connection = NULL, team = (SELECT id FROM team WHERE slug = c.team) FROM connection c
        WHERE c.id = $2 AND event.connection = c.slug AND c.slug = $1`,
      values: [connection, link],
    });
    await client.query({
      text: 'DELETE FROM connection WHERE id = $1 AND removed_at IS NOT NULL',
      values: [link],
    });
    return fold(client, connection);
  }

  /** Deletes some rows of it, and resolves to how many. Of another link of the same slug it takes nothing. */
  async #batch(client: Pick<pg.Pool, 'query'>, { connection, link }: Remains, locking = ''): Promise<number> {
    let deleted = 0;
    for (const [table, key, narrowed] of bulk) {
      const { rowCount } = await client.query({
        text: `DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM ${table} WHERE ${narrowed}
            AND EXISTS (SELECT 1 FROM sync_state s WHERE s.connection = $1 AND s.link = $2) LIMIT ${batchSize} ${locking})`,
        values: [connection, link],
      });
      deleted += rowCount ?? 0;
    }
    return deleted;
  }
}
