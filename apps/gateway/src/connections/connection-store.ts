import { Injectable } from '@nestjs/common';
import type pg from 'pg';
import { Database } from '../database/database.ts';
import { instant } from '../database/instant.ts';
import { Keyring } from '../sealing/keyring.ts';
import type { Sealed } from '../sealing/sealed.ts';
import { connectionSettings } from '../sealing/sealed-columns.ts';

/** Which rows there are, and how often each has changed. */
export interface StoredHead {
  readonly id: string;
  readonly slug: string;
  readonly version: number;
}

export interface StoredConnection extends StoredHead {
  readonly provider: string;
  readonly team: string | null;
  readonly syncIntervalMs: number;
  /** as they were given; undefined: they cannot be opened with the secret keys that are known here */
  readonly settings: Readonly<Record<string, unknown>> | undefined;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export type NewConnection = Pick<StoredConnection, 'id' | 'slug' | 'provider' | 'team' | 'syncIntervalMs'> & {
  readonly settings: Readonly<Record<string, unknown>>;
};

/** Connections that one team may have made. */
const perTeam = 200;
export type Refusal = 'taken' | 'being removed' | 'too many';

type Executor = Pick<pg.PoolClient, 'query'>;
interface Row extends Omit<StoredConnection, 'settings'> {
  readonly settings: Buffer;
}

const columns = `id, slug, version, provider, team, sync_interval_ms AS "syncIntervalMs", settings,
  ${instant('created_at')} AS "createdAt", ${instant('updated_at')} AS "updatedAt"`;

/** The rows of connections that were made over the API. Settings are sealed on their way in, and opened on their way out. */
@Injectable()
export class ConnectionStore {
  readonly #sealed: Sealed;

  constructor(
    private readonly database: Database,
    keyring: Keyring,
  ) {
    this.#sealed = keyring.sealed(connectionSettings.purpose);
  }

  async heads(): Promise<StoredHead[]> {
    return this.database.query<StoredHead>({
      name: 'connection-heads',
      text: 'SELECT id, slug, version FROM connection WHERE removed_at IS NULL',
    });
  }

  async read(slugs: readonly string[]): Promise<StoredConnection[]> {
    const rows = await this.database.query<Row>({
      name: 'connection-rows',
      text: `SELECT ${columns} FROM connection WHERE slug = ANY($1::text[]) AND removed_at IS NULL`,
      values: [slugs],
    });
    return rows.map((row) => this.#opened(row));
  }

  /** The row, locked until the transaction ends; undefined where there is none. */
  async lock(client: Executor, slug: string): Promise<StoredConnection | undefined> {
    const { rows } = await client.query<Row>({
      text: `SELECT ${columns} FROM connection WHERE slug = $1 AND removed_at IS NULL FOR UPDATE`,
      values: [slug],
    });
    return rows[0] && this.#opened(rows[0]);
  }

  /** Resolves to why it cannot be; the transaction must then be given up. */
  async insert(client: Executor, row: NewConnection): Promise<Refusal | undefined> {
    const { rowCount } = await client.query({
      text: `INSERT INTO connection (id, slug, provider, team, sync_interval_ms, settings) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT (slug) DO NOTHING`,
      values: [row.id, row.slug, row.provider, row.team, row.syncIntervalMs, this.#seal(row)],
    });
    if (rowCount === 0) {
      const { rows } = await client.query<{ removed: boolean }>({
        text: 'SELECT removed_at IS NOT NULL AS removed FROM connection WHERE slug = $1',
        values: [row.slug],
      });
      return rows[0]?.removed ? 'being removed' : 'taken';
    }
    // The inventory of one that left the file must be gone before another has its name, and its rows.
    const state = await client.query({
      text: 'INSERT INTO sync_state (connection, provider, link) VALUES ($1, $2, $3) ON CONFLICT (connection) DO NOTHING',
      values: [row.slug, row.provider, row.id],
    });
    if (state.rowCount === 0) return 'being removed';
    const { rows } = await client.query<{ n: number }>({
      text: 'SELECT count(*)::int AS n FROM connection WHERE team = $1 AND removed_at IS NULL',
      values: [row.team],
    });
    return (rows[0]?.n ?? 0) > perTeam ? 'too many' : undefined;
  }

  async update(client: Executor, row: Omit<NewConnection, 'provider' | 'slug'>): Promise<void> {
    await client.query({
      text: `UPDATE connection SET team = $2, sync_interval_ms = $3, settings = $4, version = version + 1, updated_at = now()
        WHERE id = $1`,
      values: [row.id, row.team, row.syncIntervalMs, this.#seal(row)],
    });
  }

  /** Nobody sees it from now on, and its secrets are gone. Its slug is free when `bury` has removed the row. */
  async remove(client: Executor, { id, slug }: StoredHead): Promise<void> {
    await client.query({
      text: `UPDATE connection SET removed_at = now(), updated_at = now(), version = version + 1, settings = '' WHERE id = $1`,
      values: [id],
    });
    // Whoever is syncing it finds out at its next page.
    await client.query({
      text: `UPDATE sync_state SET fence = fence + 1, lease_owner = NULL, lease_until = NULL WHERE connection = $1 AND link = $2`,
      values: [slug, id],
    });
  }

  #seal({ id, settings }: Pick<NewConnection, 'id' | 'settings'>): Buffer {
    return this.#sealed.seal(connectionSettings.nameOf([id]), JSON.stringify(settings));
  }

  #opened(row: Row): StoredConnection {
    const text = this.#sealed.open(connectionSettings.nameOf([row.id]), row.settings);
    return {
      ...row,
      settings: text === undefined ? undefined : (JSON.parse(text) as Record<string, unknown>),
    };
  }
}
