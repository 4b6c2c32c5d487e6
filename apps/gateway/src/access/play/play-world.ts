import { join } from 'node:path';
import { Inject, Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import type pg from 'pg';
import { CONFIG, type Config } from '../../config.ts';
import { Database } from '../../database/database.ts';
import { hashOf } from '../credentials.ts';
import { newId } from '../ids.ts';
import { Passwords } from '../login/passwords.ts';
import type { Plan } from '../principal.ts';
import { expand, roles } from '../scopes.ts';
import { keptPlaySecrets, type PlaySecrets } from './play-secrets.ts';
import { playTeams } from './play-teams.ts';

/** What a developer is told, to try the gateway as somebody else than root. */
export interface PlayFacts {
  readonly password: string;
  readonly teams: readonly {
    readonly slug: string;
    readonly plan: Plan;
    readonly users: readonly string[];
    readonly key: string;
    readonly scopes: string;
  }[];
}

/** Two teams with a user of each role and a key each, to play with. Only with the sandbox, never in a database that was given. */
@Injectable()
export class PlayWorld implements OnApplicationBootstrap {
  #facts: PlayFacts | undefined;

  constructor(
    @Inject(CONFIG) private readonly config: Config,
    private readonly database: Database,
    private readonly passwords: Passwords,
  ) {}

  get facts(): PlayFacts | undefined {
    return this.#facts;
  }

  async onApplicationBootstrap(): Promise<void> {
    if (!this.config.playTeams) return;
    const secrets = keptPlaySecrets(join(this.config.dataDir, 'play.json'));
    const hashed = await this.passwords.hash(secrets.password);
    await this.database.transaction((client) => makeTeams(client, secrets, hashed));
    this.#facts = {
      password: secrets.password,
      teams: playTeams.map(({ slug, plan, keyScopes }) => ({
        slug,
        plan,
        users: roles.map((role) => userName(role, slug)),
        key: secrets.keys[slug] ?? '',
        scopes: keyScopes.join(' '),
      })),
    };
  }
}

const userName = (role: string, team: string) => `${role}@${team}`;

/** What is there already stays as it was made of it; only the password is what is told at every start. */
async function makeTeams(client: pg.PoolClient, { keys }: PlaySecrets, hashed: string): Promise<void> {
  for (const { slug, name, plan, keyScopes } of playTeams) {
    const teamId = await idOf(client, 'team', 'slug', slug, {
      text: 'INSERT INTO team (id, slug, name, plan) VALUES ($1, $2, $3, $4) ON CONFLICT (slug) DO NOTHING',
      values: [newId('team'), slug, name, plan],
    });
    for (const role of roles) {
      const user = userName(role, slug);
      const userId = await idOf(client, 'app_user', 'user_name', user, {
        text: `INSERT INTO app_user (id, user_name, name, password_hash) VALUES ($1, $2, $3, $4)
          ON CONFLICT (user_name) DO UPDATE SET password_hash = excluded.password_hash`,
        values: [newId('user'), user, `${name} ${role}`, hashed],
      });
      await client.query({
        text: 'INSERT INTO team_member (team_id, user_id, role) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
        values: [teamId, userId, role],
      });
    }
    const key = keys[slug] ?? '';
    await client.query({
      text: `INSERT INTO api_key (id, team_id, name, hash, prefix, last_four, scopes, created_by)
        VALUES ($1, $2, 'to play with', $3, $4, $5, $6, 'root') ON CONFLICT (hash) DO NOTHING`,
      values: [newId('key'), teamId, hashOf(key), key.slice(0, 12), key.slice(-4), expand(keyScopes)],
    });
  }
}

async function idOf(
  client: pg.PoolClient,
  table: string,
  column: string,
  value: string,
  insert: { text: string; values: unknown[] },
): Promise<string> {
  await client.query(insert);
  const { rows } = await client.query<{ id: string }>({
    text: `SELECT id FROM ${table} WHERE ${column} = $1`,
    values: [value],
  });
  return (rows[0] as { id: string }).id;
}
