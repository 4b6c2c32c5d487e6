import { createHash } from 'node:crypto';
import { Injectable, Logger } from '@nestjs/common';
import type { AdapterPayload } from 'oidc-provider';
import type pg from 'pg';
import { AccessChanges } from '../access/access-changes.ts';
import { Database } from '../database/database.ts';
import { Keyring } from '../sealing/keyring.ts';
import type { Sealed } from '../sealing/sealed.ts';
import { oauthArtifacts } from '../sealing/sealed-columns.ts';

export interface Artifact {
  readonly payload: AdapterPayload;
  /** seconds that it lives */
  readonly seconds: number;
  /** the key that signed it, of an access token */
  readonly kid?: string;
}

/** What an access token stands for, as long as it stands. */
export interface LiveToken {
  readonly clientId: string;
  /** null: the client acts for itself */
  readonly userId: string | null;
  readonly grantId: string | null;
}

interface Row {
  payload: Buffer;
  consumed: number | null;
}

/** Between two sweeps of one replica, in milliseconds; what has ended is kept so long; rows that one sweep takes. */
const sweepEvery = 30_000;
const keepEnded = '10 minutes';
const sweepAtMost = 5_000;
/** The most rows of each model: beyond, those that end first go first. */
const maxRows = 1_000_000;
const models = [
  'Interaction',
  'Session',
  'Grant',
  'AuthorizationCode',
  'AccessToken',
  'ClientCredentials',
  'RefreshToken',
];

/**
 * What the OAuth server hands out and remembers. Nothing in a copy of these rows can be used: ids are hashes, contents sealed.
 * An access token is good as long as its row is, so deleting rows is all that a revocation is; every replica hears of it.
 */
@Injectable()
export class ArtifactStore {
  readonly #log = new Logger('OAuth');
  readonly #sealed: Sealed;
  #swept = 0;

  constructor(
    private readonly database: Database,
    private readonly changes: AccessChanges,
    keyring: Keyring,
  ) {
    this.#sealed = keyring.sealed(oauthArtifacts.purpose);
  }

  async put(model: string, id: string, { payload, seconds, kid }: Artifact): Promise<void> {
    const grantId = model === 'Grant' ? id : payload.grantId;
    await this.database.query({
      name: 'oauth_put',
      text: `INSERT INTO oauth_artifact (model, id, payload, grant_id, uid, client_id, user_id, kid, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now() + make_interval(secs => $9))
        ON CONFLICT (model, id) DO UPDATE SET payload = excluded.payload, grant_id = excluded.grant_id,
          uid = excluded.uid, client_id = excluded.client_id, user_id = excluded.user_id,
          expires_at = excluded.expires_at`,
      values: [
        model,
        hashOf(id),
        this.#sealed.seal(oauthArtifacts.nameOf([model, hashOf(id)]), JSON.stringify(payload)),
        grantId ?? null,
        model === 'Session' ? (payload.uid ?? null) : null,
        payload.clientId ?? null,
        payload.accountId ?? null,
        kid ?? null,
        seconds,
      ],
    });
    this.#sweepSometimes();
  }

  async find(model: string, id: string): Promise<AdapterPayload | undefined> {
    const hash = hashOf(id);
    const [row] = await this.database.query<Row>({
      name: 'oauth_find',
      text: `SELECT payload, extract(epoch FROM consumed_at)::int AS consumed FROM oauth_artifact
        WHERE model = $1 AND id = $2`,
      values: [model, hash],
    });
    return this.#payloadOf(model, hash, row);
  }

  async findByUid(model: string, uid: string): Promise<AdapterPayload | undefined> {
    const [row] = await this.database.query<Row & { id: string }>({
      name: 'oauth_find_by_uid',
      text: `SELECT id, payload, extract(epoch FROM consumed_at)::int AS consumed FROM oauth_artifact
        WHERE uid = $1 AND model = $2`,
      values: [uid, model],
    });
    return row && this.#payloadOf(model, row.id, row);
  }

  /** false: it is gone, or somebody else was quicker. */
  async consume(model: string, id: string): Promise<boolean> {
    const rows = await this.database.query({
      name: 'oauth_consume',
      text: `UPDATE oauth_artifact SET consumed_at = now()
        WHERE model = $1 AND id = $2 AND consumed_at IS NULL RETURNING true`,
      values: [model, hashOf(id)],
    });
    return rows.length === 1;
  }

  async remove(model: string, id: string): Promise<void> {
    if (model === 'Grant') return this.endGrant(id);
    const text = 'DELETE FROM oauth_artifact WHERE model = $1 AND id = $2';
    const values = [model, hashOf(id)];
    // Of the rest no credential depends that a replica could remember.
    if (model === 'AccessToken' || model === 'ClientCredentials') await this.#end(text, values, [id]);
    else await this.database.query({ text, values });
  }

  /** Ends a grant with all that came from it: codes, refresh tokens and access tokens. */
  async endGrant(grantId: string): Promise<void> {
    await this.#end('DELETE FROM oauth_artifact WHERE grant_id = $1', [grantId], [grantId]);
  }

  /** Ends an access token, with the grant that it comes from; gives back the ids that it is remembered by. */
  async endToken(client: Pick<pg.PoolClient, 'query'>, id: string): Promise<string[]> {
    const { rows } = await client.query<{ grant_id: string | null }>(
      `DELETE FROM oauth_artifact WHERE id = $1 AND model IN ('AccessToken', 'ClientCredentials') RETURNING grant_id`,
      [hashOf(id)],
    );
    const grants = rows.flatMap(({ grant_id }) => grant_id ?? []);
    await client.query('DELETE FROM oauth_artifact WHERE grant_id = ANY ($1)', [grants]);
    return [id, ...grants];
  }

  /** undefined: it has ended, was revoked, or is none of ours. */
  async live(model: 'AccessToken' | 'ClientCredentials', id: string): Promise<LiveToken | undefined> {
    const [token] = await this.database.query<LiveToken>({
      name: 'oauth_live',
      text: `SELECT t.client_id AS "clientId", t.user_id AS "userId", t.grant_id AS "grantId"
        FROM oauth_artifact t JOIN oauth_key k ON k.kid = t.kid
        WHERE t.model = $1 AND t.id = $2 AND t.expires_at > now()
          AND (t.grant_id IS NULL OR EXISTS (
            SELECT FROM oauth_artifact g WHERE g.grant_id = t.grant_id AND g.model = 'Grant'))`,
      values: [model, hashOf(id)],
    });
    return token;
  }

  async #end(text: string, values: unknown[], ids: readonly string[]): Promise<void> {
    const ended = await this.database.transaction(async (client) => {
      const { rowCount } = await client.query(text, values);
      if (rowCount) await this.changes.say(client, ids);
      return rowCount;
    });
    if (ended) this.changes.apply(ids);
  }

  #payloadOf(model: string, id: string, row: Row | undefined): AdapterPayload | undefined {
    const text = row && this.#sealed.open(oauthArtifacts.nameOf([model, id]), row.payload);
    if (row === undefined || text === undefined) return undefined; // sealed under another key: as good as gone
    const payload = JSON.parse(text) as AdapterPayload;
    return row.consumed === null ? payload : { ...payload, consumed: row.consumed };
  }

  #sweepSometimes(): void {
    const now = Date.now();
    if (now - this.#swept < sweepEvery) return;
    this.#swept = now;
    this.sweep().catch((error: unknown) => {
      // What was asked for is done; the next sweep takes what this one has left.
      this.#log.warn(`what has ended could not be removed: ${String(error)}`);
    });
  }

  /** Removes what has ended, and what is too much. */
  async sweep(): Promise<void> {
    await this.database.query({
      text: `DELETE FROM oauth_artifact WHERE (model, id) IN (
          SELECT model, id FROM oauth_artifact WHERE expires_at < now() - $1::interval
          ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED)`,
      values: [keepEnded, sweepAtMost],
    });
    for (const model of models) {
      await this.database.query({
        text: `DELETE FROM oauth_artifact WHERE model = $1 AND expires_at < (
            SELECT expires_at FROM oauth_artifact WHERE model = $1 ORDER BY expires_at DESC OFFSET $2 LIMIT 1)`,
        values: [model, maxRows],
      });
    }
  }
}

function hashOf(id: string): string {
  return createHash('sha256').update(id).digest('base64url');
}
