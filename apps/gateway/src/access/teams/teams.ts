import { Slug } from '@fleetgate/model';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ApiError, invalidField, noSuch } from '../../answers/api-error.ts';
import { Audit } from '../../audit/audit.ts';
import { CONNECTIONS, type Connections } from '../../connections/connection.ts';
import { Database } from '../../database/database.ts';
import { instant } from '../../database/instant.ts';
import { callerOf } from '../../http/current.ts';
import { AccessChanges } from '../access-changes.ts';
import { newId } from '../ids.ts';
import { Name } from '../names.ts';
import { grantIn, may, type Principal, plans, teamsWith } from '../principal.ts';
import { scopeMissing } from '../refusals.ts';
import { roles } from '../scopes.ts';
import { tellOfMember } from './member-events.ts';

/** How many teams one user may own that it has made itself: each comes with a plan of its own. */
const ownedAtMost = 10;

export const Team = z
  .object({
    id: z.string(),
    slug: z.string(),
    name: z.string(),
    plan: z.enum(plans),
    hourly_limit: z.number().int().nullable().describe('requests per hour; null: what the plan says'),
    created_at: z.string(),
    role: z.enum(roles).nullable().describe('yours in it; null: none'),
  })
  .meta({ id: 'Team' });
export type Team = z.infer<typeof Team>;

const rootsAlone = {
  plan: z.enum(plans).optional().describe('only root may say'),
  hourly_limit: z
    .number()
    .int()
    .min(1)
    .max(100_000_000)
    .nullable()
    .optional()
    .describe('requests per hour, in place of what the plan says; only root may say'),
};
export const TeamCreate = z
  .strictObject({
    name: Name,
    slug: Slug.optional().describe('left out: made of the name; it never changes'),
    ...rootsAlone,
  })
  .meta({ id: 'TeamCreate' });
export const TeamPatch = z.strictObject({ name: Name.optional(), ...rootsAlone }).meta({ id: 'TeamPatch' });

type Row = Omit<Team, 'role'>;
const columns = `id, slug, name, plan, hourly_limit, ${instant('created_at')} AS created_at`;

@Injectable()
export class Teams {
  constructor(
    private readonly database: Database,
    private readonly audit: Audit,
    private readonly changes: AccessChanges,
    @Inject(CONNECTIONS) private readonly connections: Connections,
  ) {}

  /** The teams in which the caller may read, by slug. */
  async list(principal: Principal, page: number, limit: number): Promise<{ teams: Team[]; total: number }> {
    const slugs = teamsWith(principal, 'teams:read') ?? null;
    const where = slugs === null ? '' : 'WHERE slug = ANY($1::text[])';
    const values = slugs === null ? [] : [slugs];
    const rows = await this.database.query<Row>({
      text: `SELECT ${columns} FROM team ${where} ORDER BY slug LIMIT ${limit} OFFSET ${(page - 1) * limit}`,
      values,
    });
    const [count] = await this.database.tuples<[number]>({
      text: `SELECT count(*) FROM team ${where}`,
      values,
    });
    return { teams: rows.map((row) => withRole(row, principal)), total: count?.[0] ?? 0 };
  }

  /** `not_found` for a team that the caller is not in. */
  async get(id: string, principal: Principal): Promise<Team> {
    const grant = grantIn(principal, id);
    const mayRead = grant?.scopes.has('teams:read') || grant?.scopes.has('teams:admin');
    const seen = principal.everything || (grant?.team.id === id && mayRead);
    const [row] = seen
      ? await this.database.query<Row>({
          name: 'team_by_id',
          text: `SELECT ${columns} FROM team WHERE id = $1`,
          values: [id],
        })
      : [];
    if (!row) throw noSuch('team');
    return withRole(row, principal);
  }

  /** The team, where the caller holds that scope in it: 404 for one that it may not see, 403 without the scope. */
  async getFor(scope: 'teams:admin' | 'keys:admin', id: string, principal: Principal): Promise<Team> {
    const team = await this.get(id, principal);
    if (!may(principal, scope, team.slug)) throw scopeMissing(scope, team.slug);
    return team;
  }

  async create(input: z.output<typeof TeamCreate>, request: FastifyRequest): Promise<Team> {
    const { principal } = callerOf(request);
    assertRootAlone(input, principal);
    if (!principal.everything && principal.kind !== 'user')
      throw new ApiError('forbidden', 'only users and root make teams: somebody has to own them');
    const slug = input.slug ?? slugOf(input.name);
    const id = newId('team');
    const deed = {
      action: 'team.create',
      team: slug,
      target: { kind: 'team', id },
      detail: { ...input, slug },
    };
    const row = await this.audit.change(request, deed, async (client) => {
      // A connection that waits for its team is not to be had by being the first to take the name.
      const awaited = this.connections.all().some(({ team }) => team === slug);
      if (awaited && !principal.everything) throw taken(slug);
      const { rows } = await client.query<Row>({
        text: `INSERT INTO team (id, slug, name, plan, hourly_limit) VALUES ($1, $2, $3, $4, $5)
          ON CONFLICT (slug) DO NOTHING RETURNING ${columns}`,
        values: [id, slug, input.name, input.plan ?? 'free', input.hourly_limit ?? null],
      });
      if (!rows[0]) throw taken(slug);
      if (!principal.everything) {
        const { rows: owned } = await client.query<{ n: number }>({
          text: `SELECT count(*)::int AS n FROM team_member WHERE user_id = $1 AND role = 'owner'`,
          values: [principal.id],
        });
        if ((owned[0]?.n ?? 0) >= ownedAtMost)
          throw new ApiError('conflict', `one user owns at most ${ownedAtMost} teams`);
        await client.query({
          text: `INSERT INTO team_member (team_id, user_id, role) VALUES ($1, $2, 'owner')`,
          values: [id, principal.id],
        });
        const membership = {
          team: rows[0],
          userId: principal.id,
          role: 'owner',
          requestId: request.id,
        } as const;
        await tellOfMember(client, 'member_added', membership);
        await this.changes.say(client, [principal.id]);
      }
      return rows[0];
    });
    this.changes.apply([principal.id]);
    return { ...row, role: principal.everything ? null : 'owner' };
  }

  async patch(id: string, input: z.output<typeof TeamPatch>, request: FastifyRequest): Promise<Team> {
    const { principal } = callerOf(request);
    const team = await this.getFor('teams:admin', id, principal);
    const deed = {
      action: 'team.change',
      team: team.slug,
      target: { kind: 'team', id },
      detail: { ...input },
    };
    const row = await this.audit.change(request, deed, async (client) => {
      assertRootAlone(input, principal);
      if (Object.keys(input).length === 0) throw invalidField('body', 'must change something');
      const { rows } = await client.query<Row>({
        text: `UPDATE team SET name = coalesce($2, name), plan = coalesce($3, plan),
            hourly_limit = CASE WHEN $4 THEN $5::int ELSE hourly_limit END
          WHERE id = $1 RETURNING ${columns}`,
        values: [
          id,
          input.name ?? null,
          input.plan ?? null,
          input.hourly_limit !== undefined,
          input.hourly_limit ?? null,
        ],
      });
      await this.changes.say(client, [id]);
      return rows[0] as Row;
    });
    this.changes.apply([id]);
    return withRole(row, principal);
  }
}

function withRole(row: Row, principal: Principal): Team {
  return { ...row, role: grantIn(principal, row.id)?.role ?? null };
}

function taken(slug: string): ApiError {
  return new ApiError('conflict', `the slug ${slug} is taken`, {
    details: [{ field: 'slug', message: 'is taken' }],
  });
}

function assertRootAlone(input: object, principal: Principal): void {
  if (principal.everything) return;
  const named = ['plan', 'hourly_limit'].filter((field) => field in input);
  if (named.length === 0) return;
  throw new ApiError('forbidden', `only root may say: ${named.join(', ')}`, {
    details: named.map((field) => ({ field, message: 'only root may say' })),
  });
}

function slugOf(name: string): string {
  const slug = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
    .replace(/^-+|-+$/g, '');
  if (Slug.safeParse(slug).success) return slug;
  throw invalidField('slug', 'is needed: the name has no letters that one could be made of');
}
