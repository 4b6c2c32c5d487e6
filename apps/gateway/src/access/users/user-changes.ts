import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type pg from 'pg';
import { ApiError, noSuch } from '../../answers/api-error.ts';
import { Audit } from '../../audit/audit.ts';
import { callerOf } from '../../http/current.ts';
import { endAllOfUser } from '../../oauth/ended.ts';
import { AccessChanges } from '../access-changes.ts';
import { LoginSessions } from '../login/login-sessions.ts';
import { Passwords } from '../login/passwords.ts';
import { grantIn, may, type Principal } from '../principal.ts';
import type { Role } from '../scopes.ts';

export interface UserFacts {
  readonly id: string;
  readonly user_name: string;
  readonly name: string;
  readonly disabled: boolean;
}

const userFacts = 'id, user_name, name, disabled_at IS NOT NULL AS disabled';

interface Membership {
  readonly team_id: string;
  readonly slug: string;
  readonly role: Role;
}

/** Changes of accounts as such, beside which teams they are in. */
@Injectable()
export class UserChanges {
  constructor(
    private readonly audit: Audit,
    private readonly changes: AccessChanges,
    private readonly sessions: LoginSessions,
    private readonly passwords: Passwords,
  ) {}

  /** Ends every login of the user, but the one of the token `kept`. */
  async setPassword(
    userId: string,
    password: string,
    request: FastifyRequest,
    kept?: string,
  ): Promise<UserFacts> {
    const hashed = await this.passwords.hash(password);
    const deed = { action: 'user.set_password', target: { kind: 'user', id: userId } };
    const { user, ids } = await this.audit.change(request, deed, async (client) => {
      const { rows } = await client.query<UserFacts>({
        text: `UPDATE app_user SET password_hash = $2 WHERE id = $1 RETURNING ${userFacts}`,
        values: [userId, hashed],
      });
      if (!rows[0]) throw noSuch('user');
      await endAllOfUser(client, userId);
      const said = [userId, ...(await this.sessions.endAllOf(userId, client, kept))];
      await this.changes.say(client, said);
      return { user: rows[0], ids: said };
    });
    this.changes.apply(ids);
    return user;
  }

  /** For who has forgotten it: whoever could do this to somebody could be them. */
  async resetPassword(userId: string, password: string, request: FastifyRequest): Promise<UserFacts> {
    if (!callerOf(request).principal.everything)
      throw new ApiError('forbidden', 'only root sets the password of somebody else', {
        details: [{ field: 'password', message: 'only root may set it' }],
      });
    return this.setPassword(userId, password, request);
  }

  /** Root may disable anybody; who administers a team, those that are in no team but those that it administers. */
  async setDisabled(userId: string, disabled: boolean, request: FastifyRequest): Promise<UserFacts> {
    const { principal } = callerOf(request);
    const deed = { action: disabled ? 'user.disable' : 'user.enable', target: { kind: 'user', id: userId } };
    const { user, ids } = await this.audit.change(request, deed, async (client, noted) => {
      const memberships = await this.#memberships(client, userId);
      noted.team = memberships[0]?.slug ?? null;
      assertMayDisable(principal, userId, memberships);
      if (disabled) await this.#assertOthersOwn(client, userId, memberships);
      const { rows } = await client.query<UserFacts>({
        text: `UPDATE app_user SET disabled_at = CASE WHEN $2 THEN coalesce(disabled_at, now()) END WHERE id = $1
          RETURNING ${userFacts}`,
        values: [userId, disabled],
      });
      if (!rows[0]) throw noSuch('user');
      const ended = disabled ? await this.sessions.endAllOf(userId, client) : [];
      if (disabled) await endAllOfUser(client, userId);
      const said = [userId, ...ended];
      await this.changes.say(client, said);
      return { user: rows[0], ids: said };
    });
    this.changes.apply(ids);
    return user;
  }

  async #memberships(client: pg.PoolClient, userId: string): Promise<Membership[]> {
    // The teams are locked, so that of two owners who are disabled at once one stays.
    const { rows } = await client.query<Membership>({
      text: `SELECT m.team_id, t.slug, m.role FROM team_member m JOIN team t ON t.id = m.team_id
        WHERE m.user_id = $1 ORDER BY m.team_id FOR UPDATE OF t`,
      values: [userId],
    });
    return rows;
  }

  async #assertOthersOwn(client: pg.PoolClient, userId: string, memberships: readonly Membership[]) {
    for (const { team_id, slug, role } of memberships) {
      if (role === 'owner' && !(await hasOtherOwner(client, team_id, userId))) throw lastOwner(slug);
    }
  }
}

export function lastOwner(team: string): ApiError {
  return new ApiError('conflict', `this is the last owner of the team ${team}: make another one first`);
}

/** Whether an owner that can still log in is left without this user. */
export async function hasOtherOwner(client: pg.PoolClient, teamId: string, userId: string): Promise<boolean> {
  const { rows } = await client.query({
    text: `SELECT FROM team_member m JOIN app_user u ON u.id = m.user_id
      WHERE m.team_id = $1 AND m.role = 'owner' AND m.user_id <> $2 AND u.disabled_at IS NULL LIMIT 1`,
    values: [teamId, userId],
  });
  return rows.length > 0;
}

function assertMayDisable(principal: Principal, userId: string, memberships: readonly Membership[]): void {
  if (principal.id === userId) throw new ApiError('conflict', 'you cannot do this to yourself');
  if (principal.everything) return;
  const shared = memberships.some(({ slug }) => may(principal, 'teams:read', slug));
  if (!shared) throw noSuch('user');
  const allowed = memberships.every(
    ({ slug, role }) =>
      may(principal, 'teams:admin', slug) && (role !== 'owner' || grantIn(principal, slug)?.role === 'owner'),
  );
  if (!allowed) {
    throw new ApiError('forbidden', 'only root can do this: the user is an owner, or in another team too');
  }
}
