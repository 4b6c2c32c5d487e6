import { Injectable } from '@nestjs/common';
import { verify } from '@node-rs/argon2';
import type { Authenticated } from '../access/authenticator.ts';
import type { TeamRef } from '../access/principal.ts';
import { type Role, scopesOfRole } from '../access/scopes.ts';
import { Database } from '../database/database.ts';
import type { SignedInUser, Users } from './users.ts';

/** To be replaced by the access feature's own. */
@Injectable()
export class StoredUsers implements Users {
  constructor(private readonly database: Database) {}

  async find(id: string): Promise<SignedInUser | undefined> {
    const [row] = await this.database.query<SignedInUser>({
      text: 'SELECT id, name FROM app_user WHERE id = $1 AND disabled_at IS NULL',
      values: [id],
    });
    return row;
  }

  async byPassword(userName: string, password: string): Promise<SignedInUser | undefined> {
    const [row] = await this.database.query<SignedInUser & { hash: string }>({
      text: 'SELECT id, name, password_hash AS hash FROM app_user WHERE user_name = lower($1) AND disabled_at IS NULL',
      values: [userName],
    });
    return row && (await verify(row.hash, password)) ? row : undefined;
  }

  async principalOf(id: string): Promise<Pick<Authenticated, 'principal' | 'dependsOn'> | undefined> {
    const user = await this.find(id);
    if (!user) return undefined;
    const rows = await this.database.query<{ team: TeamRef; role: Role }>({
      text: `SELECT m.role, json_build_object('id', t.id, 'slug', t.slug, 'name', t.name, 'plan', t.plan,
        'hourlyLimit', t.hourly_limit) AS team FROM team_member m JOIN team t ON t.id = m.team_id
        WHERE m.user_id = $1 ORDER BY m.created_at, t.id`,
      values: [id],
    });
    const grants = rows.map(({ team, role }) => ({ team, role, scopes: scopesOfRole(role) }));
    return {
      principal: { id, kind: 'user', name: user.name, team: rows[0]?.team ?? null, grants },
      dependsOn: [id, ...rows.map(({ team }) => team.id)],
    };
  }
}
