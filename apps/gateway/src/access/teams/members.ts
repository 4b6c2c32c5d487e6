import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type pg from 'pg';
import { z } from 'zod';
import { ApiError, invalidField, noSuch } from '../../answers/api-error.ts';
import { Audit, type Deed } from '../../audit/audit.ts';
import { Database } from '../../database/database.ts';
import { instant } from '../../database/instant.ts';
import { callerOf } from '../../http/current.ts';
import { AccessChanges } from '../access-changes.ts';
import { newId } from '../ids.ts';
import { Password, Passwords } from '../login/passwords.ts';
import { Name } from '../names.ts';
import { type Role, roles } from '../scopes.ts';
import { hasOtherOwner, lastOwner } from '../users/user-changes.ts';
import { tellOfMember } from './member-events.ts';
import { assertMayGive, assertMayTouch } from './member-powers.ts';
import { type Team, Teams } from './teams.ts';

export const Member = z
  .object({
    id: z.string().describe('of the user'),
    user_name: z.string(),
    name: z.string(),
    role: z.enum(roles),
    disabled: z.boolean(),
    added_at: z.string(),
    api_keys: z.number().int().describe('keys of the team that it made and that are still good'),
  })
  .meta({ id: 'Member' });
export type Member = z.infer<typeof Member>;

export const UserName = z
  .string()
  .toLowerCase()
  .regex(/^[a-z0-9][a-z0-9._@+-]{1,99}$/, {
    error: 'must be 2 to 100 letters, digits or . _ @ + -, the first a letter or digit',
  });
export const MemberAdd = z
  .strictObject({
    user_name: UserName.describe('of a user that there is, or of a new one: then with a password'),
    role: z.enum(roles),
    password: Password.optional().describe('the first password of a new user'),
    name: Name.optional().describe('of a new user; left out: its user name'),
  })
  .meta({ id: 'MemberAdd' });
export const MemberPatch = z.strictObject({ role: z.enum(roles) }).meta({ id: 'MemberPatch' });

const columns = `u.id, u.user_name, u.name, m.role, u.disabled_at IS NOT NULL AS disabled,
  ${instant('m.created_at')} AS added_at,
  (SELECT count(*)::int FROM api_key k WHERE k.created_by = u.id AND k.team_id = m.team_id AND k.revoked_at IS NULL)
    AS api_keys`;
const from = 'team_member m JOIN app_user u ON u.id = m.user_id';

interface Change {
  readonly client: pg.PoolClient;
  readonly team: Team;
  readonly deed: Deed;
  /** of everything else that it changes */
  readonly ids: string[];
}

/** Who is in a team, as what. Changes of one team are made one after the other. */
@Injectable()
export class Members {
  constructor(
    private readonly database: Database,
    private readonly audit: Audit,
    private readonly changes: AccessChanges,
    private readonly teams: Teams,
    private readonly passwords: Passwords,
  ) {}

  async list(team: Team, page: number, limit: number): Promise<{ members: Member[]; total: number }> {
    const members = await this.database.query<Member>({
      text: `SELECT ${columns} FROM ${from} WHERE m.team_id = $1 ORDER BY u.user_name LIMIT $2 OFFSET $3`,
      values: [team.id, limit, (page - 1) * limit],
    });
    const [count] = await this.database.tuples<[number]>({
      text: 'SELECT count(*) FROM team_member WHERE team_id = $1',
      values: [team.id],
    });
    return { members, total: count?.[0] ?? 0 };
  }

  async add(teamId: string, input: z.output<typeof MemberAdd>, request: FastifyRequest): Promise<Member> {
    const { user_name, role, password, name = user_name } = input;
    const hashed = password === undefined ? undefined : await this.passwords.hash(password);
    return this.#change(
      'member.add',
      teamId,
      request,
      { user_name, role },
      async ({ client, team, deed }) => {
        assertMayGive(callerOf(request).principal, team, role);
        const id = await this.#userOf(client, user_name, name, hashed);
        deed.target = { kind: 'user', id };
        const { rowCount } = await client.query({
          text: 'INSERT INTO team_member (team_id, user_id, role) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
          values: [team.id, id, role],
        });
        if (rowCount === 0) throw new ApiError('conflict', `${user_name} is a member already`);
        await tellOfMember(client, 'member_added', { team, userId: id, role, requestId: request.id });
        return id;
      },
    );
  }

  async setRole(
    teamId: string,
    userId: string,
    { role, revoke_keys }: { role: Role; revoke_keys: boolean },
    request: FastifyRequest,
  ): Promise<Member> {
    return this.#change('member.change', teamId, request, { role, revoke_keys }, async (change) => {
      const { client, team, deed } = change;
      deed.target = { kind: 'user', id: userId };
      const { principal } = callerOf(request);
      const before = await roleOf(client, team, userId);
      assertMayTouch(principal, team, before);
      assertMayGive(principal, team, role);
      if (before === 'owner' && role !== 'owner' && !(await hasOtherOwner(client, team.id, userId)))
        throw lastOwner(team.slug);
      await client.query({
        text: 'UPDATE team_member SET role = $3 WHERE team_id = $1 AND user_id = $2',
        values: [team.id, userId, role],
      });
      if (revoke_keys) await revokeKeysOf(userId, change);
      return userId;
    });
  }

  async remove(
    teamId: string,
    userId: string,
    { revoke_keys }: { revoke_keys: boolean },
    request: FastifyRequest,
  ): Promise<void> {
    await this.#change('member.remove', teamId, request, { revoke_keys }, async (change) => {
      const { client, team, deed } = change;
      deed.target = { kind: 'user', id: userId };
      const before = await roleOf(client, team, userId);
      assertMayTouch(callerOf(request).principal, team, before);
      if (before === 'owner' && !(await hasOtherOwner(client, team.id, userId))) throw lastOwner(team.slug);
      await client.query({
        text: 'DELETE FROM team_member WHERE team_id = $1 AND user_id = $2',
        values: [team.id, userId],
      });
      await tellOfMember(client, 'member_removed', { team, userId, role: before, requestId: request.id });
      if (revoke_keys) await revokeKeysOf(userId, change);
      return userId;
    });
  }

  /** One change of who is in the team, made known to every replica. `work` gives back the id of the user. */
  async #change(
    action: string,
    teamId: string,
    request: FastifyRequest,
    detail: Readonly<Record<string, unknown>>,
    work: (change: Change) => Promise<string>,
  ): Promise<Member> {
    const team = await this.teams.getFor('teams:admin', teamId, callerOf(request).principal);
    const deed = { action, team: team.slug, target: { kind: 'team', id: team.id }, detail };
    const { ids, member } = await this.audit.change(request, deed, async (client, noted) => {
      await client.query({ text: 'SELECT FROM team WHERE id = $1 FOR UPDATE', values: [team.id] });
      const ids: string[] = [];
      const id = await work({ client, team, deed: noted, ids });
      const { rows } = await client.query<Member>({
        text: `SELECT ${columns} FROM ${from} WHERE m.team_id = $1 AND m.user_id = $2`,
        values: [team.id, id],
      });
      ids.push(id);
      await this.changes.say(client, ids);
      return { ids, member: rows[0] };
    });
    this.changes.apply(ids);
    return member as Member;
  }

  /** The id of the user of that name, who is made where there is none. */
  async #userOf(client: pg.PoolClient, userName: string, name: string, hashed: string | undefined) {
    const { rows: found } = await client.query<{ id: string }>({
      text: 'SELECT id FROM app_user WHERE user_name = $1',
      values: [userName],
    });
    if (found[0] && hashed === undefined) return found[0].id;
    if (hashed === undefined)
      throw invalidField('password', 'is needed: there is no user of that name, so a new one is made');
    const id = newId('user');
    const { rowCount } = await client.query({
      text: `INSERT INTO app_user (id, user_name, name, password_hash) VALUES ($1, $2, $3, $4)
        ON CONFLICT (user_name) DO NOTHING`,
      values: [id, userName, name, hashed],
    });
    if (rowCount === 0)
      throw new ApiError('conflict', `there is a user ${userName} already: add it without a password`, {
        details: [{ field: 'password', message: 'cannot be given for a user that there is' }],
      });
    return id;
  }
}

async function roleOf(client: pg.PoolClient, team: Team, userId: string): Promise<Role> {
  const { rows } = await client.query<{ role: Role }>({
    text: 'SELECT role FROM team_member WHERE team_id = $1 AND user_id = $2',
    values: [team.id, userId],
  });
  if (!rows[0]) throw noSuch('member');
  return rows[0].role;
}

/** The keys and OAuth clients of the team that the user made, and those that were made with them. */
async function revokeKeysOf(userId: string, { client, team, ids }: Change): Promise<void> {
  const { rows } = await client.query<{ id: string }>({
    text: `WITH RECURSIVE thing AS (
        SELECT id, created_by FROM api_key WHERE team_id = $2
        UNION ALL SELECT id, created_by FROM oauth_client WHERE team_id = $2),
      made AS (
        SELECT id FROM thing WHERE created_by = $1
        UNION SELECT t.id FROM thing t JOIN made ON t.created_by = made.id),
      handed_out AS (DELETE FROM oauth_artifact WHERE client_id IN (SELECT id FROM made)),
      clients AS (DELETE FROM oauth_client WHERE id IN (SELECT id FROM made) RETURNING id),
      keys AS (UPDATE api_key SET revoked_at = now()
        WHERE id IN (SELECT id FROM made) AND revoked_at IS NULL RETURNING id)
      SELECT id FROM keys UNION ALL SELECT id FROM clients`,
    values: [userId, team.id],
  });
  ids.push(...rows.map(({ id }) => id));
}
