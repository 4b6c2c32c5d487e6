import { Injectable } from '@nestjs/common';
import { Database } from '../../database/database.ts';
import type { Authenticated, Authenticator } from '../authenticator.ts';
import { hashOf, isCredential, keyPrefix } from '../credentials.ts';
import { credentialRefused } from '../refusals.ts';
import type { Scope } from '../scopes.ts';
import { type TeamRow, teamColumns, teamRefOf } from '../teams/team-row.ts';

type KeyRow = TeamRow & {
  readonly id: string;
  readonly name: string;
  readonly scopes: Scope[];
  /** ms since the epoch */
  readonly expires_at: number | null;
};

/** Knows API keys, by their hash. */
@Injectable()
export class ApiKeyAuthenticator implements Authenticator {
  constructor(private readonly database: Database) {}

  handles(token: string): boolean {
    return token.startsWith(keyPrefix);
  }

  async authenticate(token: string): Promise<Authenticated> {
    if (!isCredential(keyPrefix, token)) throw credentialRefused();
    const [row] = await this.database.query<KeyRow>({
      name: 'api_key_by_hash',
      text: `SELECT k.id, k.name, k.scopes, (date_part('epoch', k.expires_at) * 1000)::float8 AS expires_at, ${teamColumns}
        FROM api_key k JOIN team t ON t.id = k.team_id WHERE k.hash = $1 AND k.revoked_at IS NULL`,
      values: [hashOf(token)],
    });
    if (!row) throw credentialRefused();
    const team = teamRefOf(row);
    return {
      principal: {
        id: row.id,
        kind: 'api_key',
        name: row.name,
        team,
        grants: [{ team, role: null, scopes: new Set(row.scopes) }],
      },
      expiresAt: row.expires_at ?? Number.POSITIVE_INFINITY,
      dependsOn: [row.id, team.id],
    };
  }
}
