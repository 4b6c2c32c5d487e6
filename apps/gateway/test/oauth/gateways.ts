import { randomBytes } from 'node:crypto';
import { hash } from '@node-rs/argon2';
import pg from 'pg';
import { pino } from 'pino';
import { Agent, request } from 'undici';
import { newId } from '../../src/access/ids.ts';
import type { Role } from '../../src/access/scopes.ts';
import { createApp } from '../../src/app.ts';
import type { Config } from '../../src/config.ts';
import type { Connector } from '../../src/connections/connector.ts';
import type { Resolve } from '../../src/outbound/outbound-guard.ts';
import { configOf } from '../e2e/stack.ts';
import { testConnector } from '../setup/connector.ts';
import { createTestDatabase } from '../setup/test-database.ts';

export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  body: Record<string, unknown>;
}

export interface Ask {
  method?: string;
  headers?: Record<string, string>;
  /** sent as a form */
  form?: Record<string, string> | string;
  json?: unknown;
  token?: string;
}

/** Replicas of one gateway on one database, without any connection, and people who may sign in. */
export interface Gateways {
  /** the address that all of them are known by: that of the first */
  readonly url: string;
  readonly urls: readonly string[];
  readonly rootKey: string;
  /** the first of them */
  readonly app: Awaited<ReturnType<typeof createApp>>['app'];
  readonly log: readonly string[];
  /** `on`: which replica, the first unless told */
  ask(path: string, ask?: Ask, on?: number): Promise<Answer>;
  /** Makes the team if it is not there; answers its id. */
  addTeam(slug: string): Promise<string>;
  addUser(name: string, memberships: Record<string, Role>): Promise<{ id: string; password: string }>;
  setRole(userId: string, team: string, role: Role | null): Promise<void>;
  query(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  /** Registers a client as root; answers what the API does. */
  addClient(input: Record<string, unknown>): Promise<{ id: string; secret: string | null }>;
  close(): Promise<void>;
}

/** `resolve`: how connections made over the API look names up. */
export async function startGateways(
  count: number,
  settings: Partial<Config> = {},
  resolve?: Resolve,
): Promise<Gateways> {
  const database = await createTestDatabase();
  const rootKey = `fg_root_${randomBytes(32).toString('base64url')}`;
  const log: string[] = [];
  const logger = pino({ level: 'trace' }, { write: (line: string) => void log.push(line) });
  const connections = { all: () => [], find: () => undefined };
  const base: Config = { ...configOf(rootKey), role: 'api', ...settings };
  const connectors: Connector[] = [];
  const apps: Awaited<ReturnType<typeof createApp>>[] = [];
  const urls: string[] = [];
  for (let replica = 0; replica < count; replica += 1) {
    const config = { ...base, publicUrl: settings.publicUrl ?? urls[0] ?? null };
    const joining = testConnector(logger, {}, resolve);
    connectors.push(joining.connector);
    const app = await createApp({ config, logger, database: database.target, connections, ...joining });
    apps.push(app);
    urls.push((await app.listen()).url);
  }
  const first = (apps[0] as (typeof apps)[0]).app;
  const sql = new pg.Client(database.config);
  await sql.connect();
  const agent = new Agent();

  const ask: Gateways['ask'] = async (path, { method, headers = {}, form, json, token } = {}, on = 0) => {
    const body = form === undefined ? (json === undefined ? undefined : JSON.stringify(json)) : formOf(form);
    const type = form === undefined ? 'application/json' : 'application/x-www-form-urlencoded';
    const response = await request(`${urls[on]}${path}`, {
      method: (method ?? (body === undefined ? 'GET' : 'POST')) as 'GET',
      dispatcher: agent,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': type }),
        ...headers,
      },
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.body.text();
    return { status: response.statusCode, headers: response.headers, text, body: parsed(text) };
  };
  const teams = new Map<string, string>();
  const addTeam = async (slug: string) => {
    const known = teams.get(slug);
    if (known) return known;
    const id = newId('team');
    await sql.query(`INSERT INTO team (id, slug, name, plan) VALUES ($1, $2, $2, 'pro')`, [id, slug]);
    teams.set(slug, id);
    return id;
  };

  return {
    url: urls[0] as string,
    urls,
    rootKey,
    app: first,
    log,
    ask,
    addTeam,
    async addUser(name, memberships) {
      const id = newId('user');
      const password = randomBytes(12).toString('base64url');
      await sql.query('INSERT INTO app_user (id, user_name, name, password_hash) VALUES ($1, $2, $2, $3)', [
        id,
        name,
        await hash(password, { memoryCost: 1024, timeCost: 1 }),
      ]);
      for (const [team, role] of Object.entries(memberships)) {
        await sql.query('INSERT INTO team_member (team_id, user_id, role) VALUES ($1, $2, $3)', [
          await addTeam(team),
          id,
          role,
        ]);
      }
      return { id, password };
    },
    async setRole(userId, team, role) {
      const path = `/v1/teams/${await addTeam(team)}/members/${userId}`;
      const { status, text } = await (role === null
        ? ask(path, { method: 'DELETE', token: rootKey })
        : ask(path, { method: 'PATCH', json: { role }, token: rootKey }));
      if (status >= 300) throw new Error(text);
    },
    query: async (text, values) => (await sql.query(text, values)).rows,
    async addClient(input) {
      const team = input['team'] ?? (await addTeam('edge'));
      const { status, body, text } = await ask('/v1/oauth/clients', {
        json: { ...input, team },
        token: rootKey,
      });
      if (status !== 201) throw new Error(text);
      return body['data'] as { id: string; secret: string | null };
    },
    async close() {
      await agent.close();
      await sql.end();
      for (const app of apps) await app.close();
      for (const connector of connectors) await connector.close();
      await database.drop();
    },
  };
}

function formOf(form: Record<string, string> | string): string {
  return typeof form === 'string' ? form : new URLSearchParams(form).toString();
}

function parsed(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {}; // a page: the text tells
  }
}
