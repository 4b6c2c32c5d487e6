import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { AdapterPayload } from 'oidc-provider';
import type pg from 'pg';
import { newId } from '../access/ids.ts';
import type { TeamRef } from '../access/principal.ts';
import { expand, type ScopeWord, scopeWords } from '../access/scopes.ts';
import { type TeamRow, teamColumns, teamRefOf } from '../access/teams/team-row.ts';
import { ApiError } from '../answers/api-error.ts';
import { Database } from '../database/database.ts';
import { instant } from '../database/instant.ts';
import type { ClientInput, GrantType } from './client-inputs.ts';

export interface ClientRecord {
  readonly id: string;
  readonly team: TeamRef;
  readonly name: string;
  readonly kind: 'confidential' | 'public';
  readonly grantTypes: readonly GrantType[];
  readonly redirectUris: readonly string[];
  readonly scopes: readonly ScopeWord[];
  readonly pkceRequired: boolean;
  readonly createdBy: string;
  readonly createdAt: string;
}

export interface NewClient {
  readonly record: ClientRecord;
  /** which nobody can read again; null of a public client */
  readonly secret: string | null;
  readonly secretHash: Buffer | null;
}

type Row = Omit<ClientRecord, 'team'> & TeamRow & { readonly secretHash: Buffer | null };

const from = 'oauth_client c JOIN team t ON t.id = c.team_id';
const select = `SELECT c.id, c.name, c.kind, c.secret_hash AS "secretHash", c.grant_types AS "grantTypes",
    c.redirect_uris AS "redirectUris", c.scopes, c.pkce_required AS "pkceRequired", c.created_by AS "createdBy",
    ${instant('c.created_at')} AS "createdAt", ${teamColumns}
  FROM ${from}`;

/** How many clients one team may have. */
const perTeam = 500;

/** The clients of the OAuth server. Of a secret only its hash is kept: it is as long and as random as a key. */
@Injectable()
export class ClientRegistry {
  constructor(private readonly database: Database) {}

  async find(id: string): Promise<ClientRecord | undefined> {
    const row = await this.#row(id);
    return row && recordOf(row);
  }

  /** The clients of the teams of those slugs (undefined: of all), in the order in which they were made. */
  async list(teams: readonly string[] | undefined, page: number, limit: number) {
    const where = '$1::text[] IS NULL OR t.slug = ANY ($1)';
    const rows = await this.database.query<Row>({
      text: `${select} WHERE ${where} ORDER BY c.id LIMIT $2 OFFSET $3`,
      values: [teams ?? null, limit, (page - 1) * limit],
    });
    const [count] = await this.database.tuples<[number]>({
      text: `SELECT count(*) FROM ${from} WHERE ${where}`,
      values: [teams ?? null],
    });
    return { clients: rows.map(recordOf), total: count?.[0] ?? 0 };
  }

  async team(idOrSlug: string): Promise<TeamRef | undefined> {
    const [row] = await this.database.query<TeamRow>({
      name: 'team_by_name',
      text: `SELECT ${teamColumns} FROM team t WHERE t.id = $1 OR t.slug = $1`,
      values: [idOrSlug],
    });
    return row && teamRefOf(row);
  }

  async create(
    client: pg.PoolClient,
    input: ClientInput,
    { teamId, createdBy }: { teamId: string; createdBy: string },
  ): Promise<NewClient> {
    const id = newId('client');
    await client.query('SELECT FROM team WHERE id = $1 FOR UPDATE', [teamId]);
    const { rows: known } = await client.query<{ n: number }>(
      'SELECT count(*)::int AS n FROM oauth_client WHERE team_id = $1',
      [teamId],
    );
    if ((known[0]?.n ?? 0) >= perTeam)
      throw new ApiError('conflict', `a team has at most ${perTeam} clients`);
    const secret = input.kind === 'public' ? null : `fg_secret_${randomBytes(32).toString('base64url')}`;
    const secretHash = secret === null ? null : hashOfSecret(secret);
    await client.query(
      `INSERT INTO oauth_client (id, team_id, name, kind, secret_hash, grant_types, redirect_uris, scopes,
          pkce_required, created_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
      [
        id,
        teamId,
        input.name,
        input.kind,
        secretHash,
        input.grant_types,
        input.redirect_uris,
        input.scopes,
        input.pkce === 'required',
        createdBy,
      ],
    );
    const { rows } = await client.query<Row>(`${select} WHERE c.id = $1`, [id]);
    return { record: recordOf(rows[0] as Row), secret, secretHash };
  }

  async remove(client: pg.PoolClient, id: string): Promise<void> {
    await client.query('DELETE FROM oauth_client WHERE id = $1', [id]);
  }

  /** The client as oidc-provider wants to see it. */
  async metadataOf(id: string): Promise<AdapterPayload | undefined> {
    const row = await this.#row(id);
    return row && metadataOf(row);
  }

  async #row(id: string): Promise<Row | undefined> {
    const [row] = await this.database.query<Row>({
      name: 'oauth_client',
      text: `${select} WHERE c.id = $1`,
      values: [id],
    });
    return row;
  }
}

export function metadataOf(
  row: Omit<ClientRecord, 'team'> & { secretHash: Buffer | null },
): AdapterPayload & { client_id: string } {
  const bySignIn = row.grantTypes.includes('authorization_code');
  const ours = { default_scope: row.scopes.join(' '), pkce_required: row.pkceRequired };
  return {
    client_id: row.id,
    client_name: row.name,
    application_type: isOnDevice(row) ? 'native' : 'web',
    grant_types: [...row.grantTypes],
    response_types: bySignIn ? ['code'] : [],
    redirect_uris: [...row.redirectUris],
    scope: [...(bySignIn ? ['openid', 'offline_access'] : []), ...wordsWithin(row.scopes)].join(' '),
    token_endpoint_auth_method: row.secretHash ? 'client_secret_basic' : 'none',
    ...(row.secretHash ? { client_secret: row.secretHash.toString('hex') } : {}),
    ...ours,
  };
}

/** An app is sent back to on the device that it runs on, where others may listen: people are asked for consent each time. */
function isOnDevice({ kind, redirectUris }: Pick<ClientRecord, 'kind' | 'redirectUris'>): boolean {
  return kind === 'public' && redirectUris.some((uri) => !uri.startsWith('https:'));
}

/** Every word that asks for no more than those do: whoever may have `read` may ask for `clusters:read` alone. */
export function wordsWithin(words: readonly ScopeWord[]): ScopeWord[] {
  const allowed = new Set(expand(words));
  return scopeWords.filter((word) => expand([word]).every((scope) => allowed.has(scope)));
}

export function hashOfSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

function recordOf(row: Row): ClientRecord {
  const { id, name, kind, grantTypes, redirectUris, scopes, pkceRequired, createdBy, createdAt } = row;
  const team = teamRefOf(row);
  return { id, team, name, kind, grantTypes, redirectUris, scopes, pkceRequired, createdBy, createdAt };
}
