import { type Kind, kinds } from '@fleetgate/model';
import { Inject, Injectable } from '@nestjs/common';
import { CONNECTIONS, type Connections } from '../../connections/connection.ts';
import { Database } from '../../database/database.ts';
import { Revisions, sourceKind } from '../revisions.ts';
import { bump } from '../signals.ts';
import { Sources } from '../sources.ts';

/** Rows that are deleted in one transaction. */
const batchSize = 2_000;

/**
 * Removes what the inventory holds of connections that left the configuration, or came back with another provider. Lists do
 * not show it meanwhile. One that somebody is syncing at this moment is left alone: another replica has it still.
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
    const foreign = await this.database.query<{ connection: string }>({
      text: `SELECT connection FROM sync_state s WHERE NOT EXISTS (SELECT 1
          FROM unnest($1::text[], $2::text[]) AS k(slug, provider) WHERE k.slug = s.connection AND k.provider = s.provider)
        AND (lease_until IS NULL OR lease_until <= now())`,
      values: [known.map(({ slug }) => slug), known.map(({ definition }) => definition.id)],
    });
    for (const { connection } of foreign) if (!stopping.aborted) await this.#remove(connection, stopping);
    if (foreign.length > 0) await this.sources.load();
  }

  async #remove(connection: string, stopping: AbortSignal): Promise<void> {
    while (await this.#batch(connection)) if (stopping.aborted) return;
    const bumped = await this.database.transaction(async (client) => {
      await client.query({
        text: 'SELECT 1 FROM sync_state WHERE connection = $1 FOR UPDATE',
        values: [connection],
      });
      for (const statement of [
        'DELETE FROM resource_count WHERE connection = $1',
        'DELETE FROM sync_seen WHERE walk IN (SELECT walk FROM sync_kind WHERE connection = $1)',
        'DELETE FROM sync_kind WHERE connection = $1',
        'DELETE FROM sync_state WHERE connection = $1',
      ]) {
        await client.query({ text: statement, values: [connection] });
      }
      const revisions: [Kind | typeof sourceKind, number][] = [];
      for (const kind of kinds) revisions.push([kind, await bump(client, connection, kind)]);
      revisions.push([sourceKind, await bump(client, connection)]);
      return revisions;
    });
    await this.sources.reload(connection);
    for (const [kind, revision] of bumped) this.revisions.note(connection, kind, revision);
  }

  /** Deletes some rows of it, live and gone, and some of its events. False: there are none left. */
  async #batch(connection: string): Promise<boolean> {
    let deleted = 0;
    for (const [table, key, narrowed] of [
      ['resource', 'id', 'gone_at IS NULL AND connection = $1'],
      ['resource', 'id', 'gone_at IS NOT NULL AND connection = $1'],
      ['outbox', 'seq', 'connection = $1'],
    ] as const) {
      const { rowCount } = await this.database.pool.query({
        text: `DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM ${table} WHERE ${narrowed} LIMIT ${batchSize})`,
        values: [connection],
      });
      deleted += rowCount ?? 0;
    }
    return deleted > 0;
  }
}
