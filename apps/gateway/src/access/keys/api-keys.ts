import { Instant } from '@fleetgate/model';
import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ApiError, invalidField, noSuch } from '../../answers/api-error.ts';
import { Audit } from '../../audit/audit.ts';
import { Database } from '../../database/database.ts';
import { instant } from '../../database/instant.ts';
import { callerOf } from '../../http/current.ts';
import { AccessChanges } from '../access-changes.ts';
import { hashOf, keyPrefix, newCredential } from '../credentials.ts';
import { newId } from '../ids.ts';
import { Name } from '../names.ts';
import { grantIn, may, type Principal, teamsWith } from '../principal.ts';
import { scopeMissing } from '../refusals.ts';
import { expand, type Scope, scopes, scopeWords } from '../scopes.ts';

/** How many good keys one team may have. */
const perTeam = 500;
/** What is shown of a key, from its beginning and its end. */
const shown = { first: keyPrefix.length + 4, last: 4 };

export const ApiKey = z
  .object({
    id: z.string(),
    name: z.string(),
    team: z.object({ id: z.string(), slug: z.string() }),
    prefix: z.string(),
    last_four: z.string(),
    scopes: z.array(z.enum(scopes)),
    created_by: z.string().describe('root, or the id of a user, key or client'),
    created_at: Instant,
    expires_at: Instant.nullable(),
    last_used_at: Instant.nullable().describe('to about 30 seconds'),
    revoked_at: Instant.nullable(),
  })
  .meta({ id: 'ApiKey' });
export type ApiKey = z.infer<typeof ApiKey>;

export const NewApiKey = ApiKey.extend({
  key: z.string().describe('shown this once: Authorization: Bearer <key>'),
}).meta({ id: 'NewApiKey' });

export const ApiKeyCreate = z
  .strictObject({
    name: Name,
    team: z.string().min(1).max(200).optional().describe('slug or id; left out: the team that you work for'),
    scopes: z
      .array(z.enum(scopeWords, { error: `must be one of ${scopeWords.join(', ')}` }))
      .min(1, { error: 'must name at least one' })
      .max(scopeWords.length)
      .describe('at most what you may do yourself; read and write stand for several'),
    expires_at: z.iso
      .datetime({ offset: true, error: 'must be an RFC 3339 time' })
      .nullable()
      .optional()
      .describe('null or left out: never'),
  })
  .meta({ id: 'ApiKeyCreate' });

const columns = `k.id, k.name, json_build_object('id', t.id, 'slug', t.slug) AS team, k.prefix, k.last_four, k.scopes,
  k.created_by, ${instant('k.created_at')} AS created_at, ${instant('k.expires_at')} AS expires_at,
  ${instant('k.last_used_at')} AS last_used_at, ${instant('k.revoked_at')} AS revoked_at`;
const from = 'api_key k JOIN team t ON t.id = k.team_id';

/** Keys of teams. They go on when whoever made them leaves, and show who that was. */
@Injectable()
export class ApiKeys {
  constructor(
    private readonly database: Database,
    private readonly audit: Audit,
    private readonly changes: AccessChanges,
  ) {}

  async list(principal: Principal, team: string | undefined, page: number, limit: number) {
    const slugs = teamsWith(principal, 'keys:admin');
    const own = team === undefined ? undefined : grantIn(principal, team)?.team.slug;
    const narrowed =
      team === undefined ? slugs : slugs === undefined ? [team] : own && slugs.includes(own) ? [own] : [];
    const where = narrowed === undefined ? '' : 'WHERE t.slug = ANY($1::text[]) OR t.id = ANY($1::text[])';
    const values = narrowed === undefined ? [] : [narrowed];
    const keys = await this.database.query<ApiKey>({
      text: `SELECT ${columns} FROM ${from} ${where} ORDER BY k.id LIMIT ${limit} OFFSET ${(page - 1) * limit}`,
      values,
    });
    const [count] = await this.database.tuples<[number]>({
      text: `SELECT count(*) FROM ${from} ${where}`,
      values,
    });
    return { keys, total: count?.[0] ?? 0 };
  }

  async get(id: string, principal: Principal): Promise<ApiKey> {
    const [key] = await this.database.query<ApiKey>({
      name: 'api_key_by_id',
      text: `SELECT ${columns} FROM ${from} WHERE k.id = $1`,
      values: [id],
    });
    if (!key || !may(principal, 'keys:admin', key.team.slug)) throw noSuch('API key');
    return key;
  }

  async create(
    input: z.output<typeof ApiKeyCreate>,
    request: FastifyRequest,
  ): Promise<z.infer<typeof NewApiKey>> {
    const { principal } = callerOf(request);
    const wanted = expand(input.scopes);
    const expires_at = input.expires_at ?? null;
    const id = newId('key');
    const key = newCredential(keyPrefix);
    const team = await this.#teamFor(input.team, principal);
    const deed = {
      action: 'api_key.create',
      team: team.slug,
      target: { kind: 'api_key', id },
      detail: { name: input.name, scopes: wanted, expires_at },
    };
    const made = await this.audit.change(request, deed, async (client) => {
      assertMayGive(principal, team.slug, wanted);
      if (expires_at !== null && Date.parse(expires_at) <= Date.now())
        throw invalidField('expires_at', 'must be in the future');
      if (principal.kind === 'api_key') await this.#assertNotLonger(principal.id, expires_at);
      await client.query({ text: 'SELECT FROM team WHERE id = $1 FOR UPDATE', values: [team.id] });
      const { rows: good } = await client.query<{ n: number }>({
        text: `SELECT count(*)::int AS n FROM api_key WHERE team_id = $1 AND revoked_at IS NULL`,
        values: [team.id],
      });
      if ((good[0]?.n ?? 0) >= perTeam) throw new ApiError('conflict', `a team has at most ${perTeam} keys`);
      await client.query({
        text: `INSERT INTO api_key (id, team_id, name, hash, prefix, last_four, scopes, created_by, expires_at)
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
        values: [
          id,
          team.id,
          input.name,
          hashOf(key),
          key.slice(0, shown.first),
          key.slice(-shown.last),
          wanted,
          principal.id,
          expires_at,
        ],
      });
      const { rows } = await client.query<ApiKey>({
        text: `SELECT ${columns} FROM ${from} WHERE k.id = $1`,
        values: [id],
      });
      return rows[0] as ApiKey;
    });
    return { ...made, key };
  }

  /** From now on it opens nothing, on any replica. Once revoked is enough. */
  async revoke(id: string, request: FastifyRequest): Promise<void> {
    const { team } = await this.get(id, callerOf(request).principal);
    const deed = { action: 'api_key.revoke', team: team.slug, target: { kind: 'api_key', id } };
    await this.audit.change(request, deed, async (client) => {
      await client.query({
        text: 'UPDATE api_key SET revoked_at = coalesce(revoked_at, now()) WHERE id = $1',
        values: [id],
      });
      await this.changes.say(client, [id]);
    });
    this.changes.apply([id]);
  }

  /** The team that the key is to be of: one of the caller's, or for root any. */
  async #teamFor(named: string | undefined, principal: Principal): Promise<{ id: string; slug: string }> {
    if (named === undefined && principal.team) return principal.team;
    if (named === undefined) throw invalidField('team', 'is needed: a key belongs to a team');
    if (!principal.everything) {
      const team = grantIn(principal, named)?.team;
      if (!team) throw invalidField('team', 'no such team');
      return team;
    }
    const [team] = await this.database.query<{ id: string; slug: string }>({
      text: 'SELECT id, slug FROM team WHERE slug = $1 OR id = $1',
      values: [named],
    });
    if (!team) throw invalidField('team', 'no such team');
    return team;
  }

  /** A key that ends cannot make one that goes on after it. */
  async #assertNotLonger(makerId: string, expiresAt: string | null): Promise<void> {
    const [maker] = await this.database.query<{ expires_at: string | null }>({
      text: `SELECT ${instant('expires_at')} AS expires_at FROM api_key WHERE id = $1`,
      values: [makerId],
    });
    const end = maker?.expires_at ?? null;
    if (end !== null && (expiresAt === null || Date.parse(expiresAt) > Date.parse(end)))
      throw invalidField('expires_at', `must not be after ${end}, when the key that makes it ends`);
  }
}

/** Nobody hands out what it may not do itself. */
export function assertMayGive(principal: Principal, team: string, wanted: readonly Scope[]): void {
  if (!may(principal, 'keys:admin', team)) throw scopeMissing('keys:admin', team);
  const lacking = wanted.filter((scope) => !may(principal, scope, team));
  if (lacking.length === 0) return;
  throw new ApiError('forbidden', `you do not have these scopes yourself: ${lacking.join(', ')}`, {
    details: lacking.map((scope) => ({ field: 'scopes', message: `${scope} is missing` })),
  });
}
