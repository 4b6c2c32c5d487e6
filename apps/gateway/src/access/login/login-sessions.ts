import { Injectable } from '@nestjs/common';
import type pg from 'pg';
import { Database } from '../../database/database.ts';
import type { Authenticated, Authenticator } from '../authenticator.ts';
import { hashOf, isCredential, loginPrefix, newCredential } from '../credentials.ts';
import { newId } from '../ids.ts';
import { credentialRefused } from '../refusals.ts';
import { Users } from '../users/users.ts';

/** How long a login lasts, in milliseconds. */
const lasts = 12 * 3_600_000;

type Executor = Pick<pg.PoolClient, 'query'>;

interface SessionRow {
  readonly id: string;
  readonly user_id: string;
  readonly team_id: string | null;
  /** ms since the epoch */
  readonly expires_at: number;
}

/** Logins that last for a while: an opaque token each, of which only the hash is kept. */
@Injectable()
export class LoginSessions implements Authenticator {
  constructor(
    private readonly database: Database,
    private readonly users: Users,
  ) {}

  handles(token: string): boolean {
    return token.startsWith(loginPrefix);
  }

  async authenticate(token: string): Promise<Authenticated> {
    if (!isCredential(loginPrefix, token)) throw credentialRefused();
    const [session] = await this.database.query<SessionRow>({
      name: 'login_session_by_hash',
      text: `SELECT id, user_id, team_id, (date_part('epoch', expires_at) * 1000)::float8 AS expires_at
        FROM login_session WHERE hash = $1`,
      values: [hashOf(token)],
    });
    const standing = session && (await this.users.standing(session.user_id, session.team_id));
    if (!session || !standing) throw credentialRefused();
    const { principal, dependsOn } = standing;
    return { principal, expiresAt: session.expires_at, dependsOn: [session.id, ...dependsOn] };
  }

  /** Always a token that nobody has seen before: there is nothing that a caller could bring along to be let in with later. */
  async begin(client: Executor, userId: string, teamId: string | null) {
    const id = newId('session');
    const token = newCredential(loginPrefix);
    const expires_at = new Date(Date.now() + lasts).toISOString();
    await client.query({
      text: 'INSERT INTO login_session (id, user_id, team_id, hash, expires_at) VALUES ($1, $2, $3, $4, $5)',
      values: [id, userId, teamId, hashOf(token), expires_at],
    });
    return { id, token, expires_at };
  }

  /** Gives back the id of the session that ended; the replicas have to be told. */
  async end(token: string, client: Executor): Promise<string[]> {
    const { rows } = await client.query<{ id: string }>({
      text: 'DELETE FROM login_session WHERE hash = $1 RETURNING id',
      values: [hashOf(token)],
    });
    return rows.map(({ id }) => id);
  }

  async endAllOf(userId: string, client: Executor, but?: string): Promise<string[]> {
    const { rows } = await client.query<{ id: string }>({
      text: 'DELETE FROM login_session WHERE user_id = $1 AND hash IS DISTINCT FROM $2 RETURNING id',
      values: [userId, but === undefined ? null : hashOf(but)],
    });
    return rows.map(({ id }) => id);
  }

  async removeExpired(): Promise<void> {
    await this.database.query({ text: 'DELETE FROM login_session WHERE expires_at < now()' });
  }
}
