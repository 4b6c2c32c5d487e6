import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.ts';
import type { Authenticated } from '../authenticator.ts';
import type { Grant } from '../principal.ts';
import { type Role, scopesOfRole } from '../scopes.ts';
import { type TeamRow, teamColumns, teamRefOf } from '../teams/team-row.ts';

export interface User {
  readonly id: string;
  readonly user_name: string;
  readonly name: string;
  readonly password_hash: string;
  readonly disabled: boolean;
}

/** A user as the principal that its memberships make of it now. */
export type UserStanding = Pick<Authenticated, 'principal' | 'dependsOn'>;

type Membership = TeamRow & { readonly role: Role };

/** People who have an account here. */
@Injectable()
export class Users {
  constructor(private readonly database: Database) {}

  async byName(userName: string): Promise<User | undefined> {
    const [user] = await this.database.query<User>({
      name: 'user_by_name',
      text: `SELECT id, user_name, name, password_hash, disabled_at IS NOT NULL AS disabled
        FROM app_user WHERE user_name = $1`,
      values: [userName],
    });
    return user;
  }

  async byId(id: string): Promise<User | undefined> {
    const [user] = await this.database.query<User>({
      name: 'user_by_id',
      text: `SELECT id, user_name, name, password_hash, disabled_at IS NOT NULL AS disabled
        FROM app_user WHERE id = $1`,
      values: [id],
    });
    return user;
  }

  /**
   * What the user may do now. Its team is the one of that id, where it is (still) a member of it, else the one that it has
   * been in for the longest time. undefined: there is no such user, or it is disabled.
   */
  async standing(userId: string, teamId: string | null = null): Promise<UserStanding | undefined> {
    const user = await this.byId(userId);
    if (!user || user.disabled) return undefined;
    const rows = await this.database.query<Membership>({
      name: 'user_memberships',
      text: `SELECT m.role, ${teamColumns} FROM team_member m JOIN team t ON t.id = m.team_id
        WHERE m.user_id = $1 ORDER BY m.created_at, m.team_id`,
      values: [userId],
    });
    const grants = rows.map((row): Grant => {
      return { team: teamRefOf(row), role: row.role, scopes: scopesOfRole(row.role) };
    });
    const chosen = grants.find(({ team }) => team.id === teamId) ?? grants[0];
    return {
      principal: { id: user.id, kind: 'user', name: user.user_name, team: chosen?.team ?? null, grants },
      dependsOn: [user.id, ...grants.map(({ team }) => team.id)],
    };
  }
}
