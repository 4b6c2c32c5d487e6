import { join, resolve } from 'node:path';
import { ConfigError } from './config/config-error.ts';
import { keptKey, rootKeyKind, secretKeyKind } from './config/key-files.ts';
import { limitsOf } from './config/limits.ts';
import { readVariables, unknownVariables, type Variables } from './config/variables.ts';
import { type ConnectionConfig, readConnections } from './connections/file.ts';
import { installedProviders } from './connections/installed.ts';
import type { Limits } from './throttle/rules.ts';
import type { IssuerConfig } from './tokens/issuers.ts';

export type Role = Variables['FLEETGATE_ROLE'];
export type LogLevel = Variables['FLEETGATE_LOG_LEVEL'];

/** Everything the environment decides, checked once at boot, and frozen. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** where /metrics is open to all; null: it is at the API's port alone, for the root key */
  readonly metricsPort: number | null;
  /** the address under which callers know us, without a slash at its end; null: where we listen */
  readonly publicUrl: string | null;
  /** url null: the embedded PostgreSQL, under the data folder; poolSize: sessions of this process for its own statements */
  readonly database: { readonly url: string | null; readonly poolSize: number };
  readonly redisUrl: string | null;
  /** what our keys in it begin with */
  readonly redisPrefix: string;
  /** how long it is waited for, by a request */
  readonly redisTimeoutMs: number;
  /** how many calls are let through, and in how long */
  readonly limits: Limits;
  /** absolute */
  readonly dataDir: string;
  readonly role: Role;
  /** CIDRs of the proxies whose X-Forwarded-For counts */
  readonly trustedProxies: readonly string[];
  /** origins whose pages may read answers; none: CORS is off */
  readonly corsOrigins: readonly string[];
  /** whether there are teams, users and keys to play with */
  readonly playTeams: boolean;
  readonly logLevel: LogLevel;
  /** a request that takes longer, in milliseconds, is kept in the log of requests for that */
  readonly slowRequestMs: number;
  /** how long requests are still taken after the signal to stop, in milliseconds */
  readonly drainMs: number;
  /** how late the event loop may be, in milliseconds, before requests are refused */
  readonly maxLoopDelayMs: number;
  /** of an OTLP collector; null: traces go nowhere */
  readonly otlpEndpoint: string | null;
  /** share of the traces that begin here and go there, from 0 to 1 */
  readonly traceSample: number;
  /** share of ordinary reads that are kept in it, from 0 to 1 */
  readonly requestSample: number;
  /** 32 bytes: encrypts what is stored of secrets, and seals cursors */
  readonly secretKey: Buffer;
  /** what was the secret key before: opens only */
  readonly secretKeysOld: readonly Buffer[];
  readonly rootKey: string;
  /** where the root key is kept; null: it was given by the environment */
  readonly rootKeyFile: string | null;
  /** what connections made over the API may lead to, beside the public internet */
  readonly allowedNetworks: readonly string[];
  readonly connections: readonly ConnectionConfig[];
  /** how long events, and what became of their deliveries, are kept */
  readonly eventsKeepDays: number;
  /** waits between the attempts at a delivery */
  readonly webhookRetriesMs: readonly number[];
  /** issuers outside, whose tokens are taken */
  readonly issuers: readonly IssuerConfig[];
}

/** The injection token of `Config`. */
export const CONFIG = Symbol('config');

export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** what relative paths are relative to */
  readonly cwd: string;
}

/** Throws `ConfigError` with one line for everything that is wrong. Makes the data folder and the keys that it keeps. */
export function loadConfig({ env, cwd }: Surroundings): Config {
  const path = (text: string) => resolve(cwd, text);
  const { variables, problems } = readVariables(env);
  const file = variables.FLEETGATE_CONFIG;
  const read =
    file === undefined
      ? { connections: [], issuers: [], problems: [], variables: new Set<string>() }
      : readConnections({ path: path(file), env, providers: installedProviders });
  problems.push(...unknownVariables(env, read.variables), ...read.problems);
  if (problems.length > 0) throw new ConfigError(problems);

  const dataDir = path(variables.FLEETGATE_DATA_DIR);
  const rootKeyFile = variables.FLEETGATE_ROOT_KEY === undefined ? join(dataDir, 'root.key') : null;
  return freeze({
    ...storageOf(variables, dataDir),
    host: variables.FLEETGATE_HOST,
    port: variables.FLEETGATE_PORT,
    metricsPort: variables.FLEETGATE_METRICS_PORT ?? null,
    publicUrl: variables.FLEETGATE_PUBLIC_URL ?? null,
    redisUrl: variables.FLEETGATE_REDIS_URL ?? null,
    redisPrefix: variables.FLEETGATE_REDIS_PREFIX,
    redisTimeoutMs: variables.FLEETGATE_REDIS_TIMEOUT,
    limits: limitsOf(variables),
    role: variables.FLEETGATE_ROLE,
    trustedProxies: variables.FLEETGATE_TRUSTED_PROXIES,
    corsOrigins: variables.FLEETGATE_CORS_ORIGINS,
    playTeams: variables.FLEETGATE_SANDBOX_TEAMS === 'on',
    logLevel: variables.FLEETGATE_LOG_LEVEL,
    drainMs: variables.FLEETGATE_DRAIN * 1000,
    maxLoopDelayMs: variables.FLEETGATE_MAX_LOOP_DELAY,
    otlpEndpoint: variables.OTEL_EXPORTER_OTLP_ENDPOINT ?? null,
    traceSample: variables.FLEETGATE_TRACE_SAMPLE,
    slowRequestMs: variables.FLEETGATE_SLOW_REQUEST,
    requestSample: variables.FLEETGATE_REQUEST_SAMPLE,
    rootKey: variables.FLEETGATE_ROOT_KEY ?? keptKey(rootKeyFile as string, rootKeyKind),
    rootKeyFile,
    allowedNetworks: variables.FLEETGATE_ALLOWED_NETWORKS ?? [],
    eventsKeepDays: variables.FLEETGATE_EVENTS_KEEP_DAYS,
    webhookRetriesMs: variables.FLEETGATE_WEBHOOK_RETRIES,
    connections: read.connections,
    issuers: read.issuers,
  });
}

/** What is needed to read what is stored, and nothing else of the configuration. */
export type Storage = Pick<Config, 'database' | 'dataDir' | 'secretKey' | 'secretKeysOld'>;

/** Throws `ConfigError`, as `loadConfig` does. */
export function loadStorage({ env, cwd }: Surroundings): Storage {
  const { variables, problems } = readVariables(env);
  if (problems.length > 0) throw new ConfigError(problems);
  return storageOf(variables, resolve(cwd, variables.FLEETGATE_DATA_DIR));
}

function storageOf(variables: Variables, dataDir: string): Storage {
  const secretKey = variables.FLEETGATE_SECRET_KEY ?? keptKey(join(dataDir, 'secret.key'), secretKeyKind);
  return {
    database: { url: variables.FLEETGATE_DATABASE_URL ?? null, poolSize: variables.FLEETGATE_DATABASE_POOL },
    dataDir,
    secretKey: Buffer.from(secretKey, 'base64'),
    secretKeysOld: (variables.FLEETGATE_SECRET_KEYS_OLD ?? []).map((key) => Buffer.from(key, 'base64')),
  };
}

/** Freezes it through and through; typed arrays cannot be frozen, and nobody else has this one. */
function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return value;
  for (const inner of Object.values(value)) freeze(inner);
  return Object.freeze(value);
}
