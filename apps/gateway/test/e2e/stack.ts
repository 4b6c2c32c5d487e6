import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StartOptions, Upstream, UpstreamName } from '@fleetgate/sandbox';
import { startUpstream } from '@fleetgate/sandbox';
import type pg from 'pg';
import { pino } from 'pino';
import { Agent, request } from 'undici';
import { createApp } from '../../src/app.ts';
import type { Config } from '../../src/config.ts';
import type { Connection, Connections } from '../../src/connections/connection.ts';
import { installedProviders } from '../../src/connections/installed.ts';
import { Database, type DatabaseTarget } from '../../src/database/database.ts';
import type { DeliveryTiming } from '../../src/webhooks/webhooks.module.ts';
import { testConnector } from '../setup/connector.ts';
import { createTestDatabase } from '../setup/test-database.ts';

/** One connection of a stack, and the emulated upstream behind it. */
export interface Plan extends Pick<StartOptions, 'scale' | 'seed' | 'frozen'> {
  slug: string;
  upstream: UpstreamName;
  team?: string;
  /** milliseconds between syncs; default: an hour, that is none within a test */
  syncIntervalMs?: number;
  settings?: Record<string, unknown>;
  /** done to the upstream before the gateway starts */
  before?: (upstream: Upstream) => void;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  text: string;
  /** the parsed body; undefined where it is not JSON */
  body: unknown;
}

export interface Ask {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** null: no Authorization header */
  key?: string | null;
}

/** Real upstreams, a real database, and the gateway between them and real HTTP. */
export interface Stack {
  readonly url: string;
  readonly port: number;
  readonly rootKey: string;
  readonly app: Awaited<ReturnType<typeof createApp>>['app'];
  upstream(slug: string): Upstream;
  ask(path: string, ask?: Ask): Promise<Answer>;
  /** Resolves once every kind of those connections (default: all) is in that state. */
  reach(state: string, slugs?: readonly string[]): Promise<void>;
  /** every text that `ask` was answered with, headers included */
  readonly answers: readonly string[];
  /** every line that the gateway has logged */
  readonly log: readonly string[];
  /** every text that must never leave the gateway */
  readonly secrets: readonly string[];
  /** Another gateway over the same database, upstreams and keys; it ends with the stack. */
  beside(settings?: Partial<Config>): Promise<{ url: string; ask(path: string, ask?: Ask): Promise<Answer> }>;
  /** where its database is, for a session of one's own */
  readonly database: pg.ClientConfig;
  /** Asks the database past the gateway. */
  sql<R>(text: string, values?: readonly unknown[]): Promise<R[]>;
  close(): Promise<void>;
}

/** How long anything that has to come about by itself may take, in milliseconds. */
const patience = 20_000;

const quick = { timeoutMs: 700, limits: { concurrency: 64, requestsPerSecond: 10_000, burst: 10_000 } };

export const everyPlatform: readonly Plan[] = [
  { slug: 'apps', upstream: 'app-platform', scale: 100 },
  { slug: 'chime', upstream: 'chimestack', scale: 60 },
  { slug: 'fm-east', upstream: 'fleet-manager', scale: 120, team: 'edge' },
  { slug: 'fm-west', upstream: 'fleet-manager', scale: 40, seed: 'west' },
  { slug: 'palette-eu', upstream: 'palette', scale: 60 },
  { slug: 'toolkit', upstream: 'kubestellar-toolkit', scale: 50, team: 'edge' },
];

/** `via`: a way to the database that the test can cut. `settings` are those that differ from what suits most tests. */
export async function startStack(
  plans: readonly Plan[] = everyPlatform,
  settings: Partial<Config> = {},
  timing?: DeliveryTiming,
  via: (target: DatabaseTarget) => Promise<DatabaseTarget> = async (target) => target,
): Promise<Stack> {
  const upstreams = new Map<string, Upstream>();
  const connections: Connection[] = [];
  const log: string[] = [];
  const answers: string[] = [];
  const rootKey = `fg_root_${randomBytes(32).toString('base64url')}`;
  // No redaction: what is never said need not be taken out.
  const logger = pino(
    { level: 'trace' },
    { write: (lines: string) => void log.push(...lines.split('\n').filter(Boolean)) },
  );

  const { guard, connector, redaction } = testConnector(logger, { readMs: 1000, listMs: 2500 });
  for (const plan of plans) {
    const { slug, upstream: name, team = null, syncIntervalMs = 3_600_000, before } = plan;
    const { scale = 60, seed = 'fleetgate', frozen = true } = plan;
    const upstream = await startUpstream(name, { scale, seed, frozen });
    before?.(upstream);
    upstreams.set(slug, upstream);
    const definition = installedProviders.find(({ id }) => id === name);
    if (!definition) throw new Error(`no provider is named ${name}`);
    const account = definition.settings.parse({
      baseUrl: upstream.baseUrl,
      ...quick,
      ...credentialsOf(upstream),
      ...plan.settings,
    });
    const provider = connector.connect(definition, {
      slug,
      provider: name,
      team,
      syncIntervalMs,
      settings: account,
    });
    connections.push({ slug, definition, team, syncIntervalMs, provider });
  }
  connections.sort((a, b) => (a.slug < b.slug ? -1 : 1));

  const database = await createTestDatabase();
  const config = { ...configOf(rootKey), ...settings };
  const target = await via(database.target);
  const agent = new Agent({ connections: 64 });
  const open = async (more: Partial<Config> = {}) => {
    const gateway = await createApp({
      config: { ...config, ...more },
      logger,
      database: target,
      connections: listed(connections),
      connector,
      guard,
      redaction,
      ...(timing ? { timing } : {}),
    });
    const { url } = await gateway.listen();
    return { gateway, url, ask: (path: string, ask: Ask = {}) => askOf(url, path, ask) };
  };

  const askOf = async (
    base: string,
    path: string,
    { method = 'GET', headers = {}, body, key = rootKey }: Ask,
  ): Promise<Answer> => {
    const response = await request(`${base}${path}`, {
      method,
      dispatcher: agent,
      headers: { ...(key === null ? {} : { authorization: `Bearer ${key}` }), ...headers },
      ...(body === undefined ? {} : { body }),
    } as Parameters<typeof request>[1]);
    const text = await response.body.text();
    answers.push(`${JSON.stringify(response.headers)}\n${text}`);
    return {
      status: response.statusCode,
      headers: response.headers as Record<string, string>,
      text,
      body: parsed(text),
    };
  };

  const { gateway, url, ask } = await open();
  const others: { close(): Promise<void> }[] = [];

  return {
    url,
    port: Number(new URL(url).port),
    rootKey,
    app: gateway.app,
    log,
    answers,
    database: database.config,
    secrets: [rootKey, ...[...upstreams.values()].flatMap(secretsOf)],
    ask,
    upstream(slug) {
      const upstream = upstreams.get(slug);
      if (!upstream) throw new Error(`no connection is named ${slug}`);
      return upstream;
    },
    reach: (state, slugs = plans.map(({ slug }) => slug)) =>
      eventually(`${slugs.join(', ')}: ${state}`, async () => {
        const { status, text, body } = await ask('/v1/connections?limit=100');
        if (status !== 200) throw new Error(`the connections cannot be read: ${status} ${text}`);
        const { data } = body as { data: ConnectionState[] };
        return data
          .filter(({ id }) => slugs.includes(id))
          .every(({ sync }) => Object.values(sync.kinds).every((kind) => kind.state === state));
      }),
    async beside(more) {
      const other = await open(more);
      others.push(other.gateway);
      return other;
    },
    async sql<R>(text: string, values: readonly unknown[] = []) {
      return gateway.app.get(Database).query<R>({ text, values });
    },
    async close() {
      await agent.close();
      for (const other of others) await other.close();
      await gateway.close();
      await connector.close();
      await Promise.all([...upstreams.values()].map((upstream) => upstream.close()));
      await database.drop();
    },
  };
}

interface ConnectionState {
  id: string;
  sync: { kinds: Record<string, { state: string }> };
}

/** Asks again and again until it is so; fails with `what` when it never is. */
export async function eventually(what: string, isSo: () => Promise<boolean> | boolean): Promise<void> {
  const until = performance.now() + patience;
  while (!(await isSo())) {
    if (performance.now() > until) throw new Error(`it never came to this: ${what}`);
    await sleep(40);
  }
}

/** Resolves once every kind of that connection has been walked anew. */
export async function syncsGoOn(stack: Pick<Stack, 'ask'>, slug: string): Promise<void> {
  const since = Date.now();
  await eventually(`syncs of ${slug} go on`, async () => {
    const { body } = await stack.ask(`/v1/connections/${slug}`);
    const { kinds } = (body as { data: { sync: { kinds: Record<string, { observed_at: string }> } } }).data
      .sync;
    return Object.values(kinds).every(({ observed_at }) => Date.parse(observed_at) > since);
  });
}

/** Palette takes a key or a login; the login is the harder one, as it has a session. */
function credentialsOf({ name, credentials }: Upstream): Record<string, string> {
  if (name !== 'palette') return credentials;
  const { emailId = '', password = '', org = '' } = credentials;
  return { emailId, password, org };
}

/** What is secret of an upstream's credentials. A password that is a plain word ("admin") is looked for with what stands around it. */
function secretsOf({ credentials }: Upstream): string[] {
  const { token, apiKey, password } = credentials;
  const plainWord = (text: string) => (/^[a-z]{1,8}$/.test(text) ? [`"${text}"`, `:${text}@`] : [text]);
  return [token, apiKey, password].flatMap((text) => (text === undefined ? [] : plainWord(text)));
}

const calls = { limit: 1_000_000, windowSeconds: 3600 };
/** Tests of something else never meet a limit. */
export const generousLimits = {
  free: calls,
  pro: calls,
  enterprise: calls,
  burst: calls,
  root: calls,
  address: calls,
  open: calls,
};

export function configOf(rootKey: string): Config {
  return {
    host: '127.0.0.1',
    port: 0,
    metricsPort: null,
    slowRequestMs: 1000,
    requestSample: 1,
    drainMs: 0,
    maxLoopDelayMs: 10_000,
    otlpEndpoint: null,
    traceSample: 1,
    publicUrl: null,
    database: { url: null, poolSize: 6 },
    redisUrl: null,
    redisPrefix: 'fleetgate:',
    redisTimeoutMs: 50,
    limits: generousLimits,
    dataDir: '/nowhere',
    role: 'all',
    trustedProxies: [],
    corsOrigins: [],
    playTeams: false,
    logLevel: 'trace',
    secretKey: randomBytes(32),
    secretKeysOld: [],
    rootKey,
    rootKeyFile: null,
    allowedNetworks: [],
    eventsKeepDays: 7,
    webhookRetriesMs: [
      5_000,
      300_000,
      1_800_000,
      ...[2, 5, 10, 14, 20, 24].map((hours) => hours * 3_600_000),
    ],
    connections: [],
    issuers: [],
  };
}

function listed(all: readonly Connection[]): Connections {
  return { all: () => all, find: (slug) => all.find((one) => one.slug === slug) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not JSON: the text tells
  }
}
