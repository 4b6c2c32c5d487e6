import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { isAllowedNetwork } from '../outbound/allowed-networks.ts';
import { eventVariables } from './events.ts';
import { rootKeyKind, secretKeyKind } from './key-files.ts';
import { limitVariables } from './limits.ts';
import { nearest } from './nearest.ts';
import { isFileVariable, withFiles } from './variable-files.ts';

const roles = ['all', 'api', 'worker'] as const;
const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

const portForm = 'must be a port number from 0 to 65535';

const urlOf = (...protocols: string[]) =>
  z
    .string()
    .refine((text) => protocols.some((protocol) => text.startsWith(`${protocol}//`)) && isReadable(text), {
      error: `must be a ${protocols.map((protocol) => `${protocol}//`).join(' or ')} address, special characters of a password percent-encoded`,
    });

function isReadable(address: string): boolean {
  try {
    decodeURI(address);
    return URL.canParse(address.replace('@/', '@localhost/')); // a unix socket: postgres://user@/database?host=/folder
  } catch {
    return false; // a percent sign that encodes nothing
  }
}

const oneOf = <const Words extends readonly [string, ...string[]]>(words: Words) =>
  z.enum(words, { error: `must be one of ${words.join(', ')}` });

const listOf = (isGood: (text: string) => boolean, error: string) =>
  z
    .string()
    .default('')
    .transform((text) => text.split(',').flatMap((part) => part.trim() || []))
    .refine((parts) => parts.every(isGood), { error });

function isNetwork(text: string): boolean {
  return ipaddr.isValid(text)
    ? isIP(text) !== 0
    : ipaddr.isValidCIDR(text) && isIP(text.split('/', 1)[0] ?? '') !== 0;
}

function isOrigin(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.parse(text)?.origin === text;
}

function isPublicUrl(text: string): boolean {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol)) return false;
  return url.href.replace(/\/+$/, '') === text && !url.username && !url.password && !/[?#]/.test(text);
}

const port = z
  .string()
  .refine((text) => /^\d{1,5}$/.test(text) && Number(text) <= 65_535, { error: portForm })
  .transform(Number);

const share = z
  .string()
  .regex(/^(0(\.\d{1,6})?|1(\.0+)?)$/, { error: 'must be a share from 0 to 1' })
  .transform(Number);

/** The one table of settings: how each is checked, what it is when absent, and what `--help` says of it. */
const table = {
  FLEETGATE_PORT: {
    schema: port.default(8080),
    absent: '8080',
    help: 'port of the API; 0 takes any free one',
  },
  FLEETGATE_HOST: {
    schema: z
      .string()
      .regex(/^[A-Za-z0-9.:%_-]+$/, { error: 'must be a host name or an IP address' })
      .default('127.0.0.1'),
    absent: '127.0.0.1',
    help: 'address to listen on; 0.0.0.0 for every one',
  },
  FLEETGATE_METRICS_PORT: {
    schema: port.optional(),
    absent: "at the API's port, for the root key",
    help: 'a port where /metrics is open to all: keep it inside your own network',
  },
  FLEETGATE_PUBLIC_URL: {
    schema: z
      .string()
      .transform((text) => text.replace(/\/+$/, ''))
      .refine(isPublicUrl, {
        error: 'must be the http:// or https:// address that callers use, without user, query and fragment',
      })
      .optional(),
    absent: 'http://, and where it listens',
    help: 'the address that callers use; the issuer of our tokens, so the same on every replica',
  },
  FLEETGATE_DATABASE_URL: {
    schema: urlOf('postgres:', 'postgresql:').optional(),
    absent: 'embedded',
    help: 'a PostgreSQL, 15 or later; absent: one of our own in the data folder',
  },
  FLEETGATE_DATABASE_POOL: {
    schema: z
      .string()
      .refine((text) => /^\d{1,3}$/.test(text) && Number(text) >= 2 && Number(text) <= 500, {
        error: 'must be a number from 2 to 500',
      })
      .transform(Number)
      .default(20),
    absent: '20',
    help: 'sessions of one process for its statements; about 14 more serve jobs, sessions and signals',
  },
  FLEETGATE_REDIS_URL: {
    schema: urlOf('redis:', 'rediss:').optional(),
    absent: 'in process',
    help: 'a Redis, for counters that replicas share',
  },
  FLEETGATE_REDIS_PREFIX: {
    schema: z.string().max(100, { error: 'must have at most 100 characters' }).default('fleetgate:'),
    absent: 'fleetgate:',
    help: 'what our keys in Redis begin with',
  },
  FLEETGATE_REDIS_TIMEOUT: {
    schema: z
      .string()
      .refine((text) => /^\d{1,4}$/.test(text) && Number(text) >= 10, {
        error: 'must be 10 to 9999 milliseconds',
      })
      .transform(Number)
      .default(50),
    absent: '50',
    help: 'how long a request waits for Redis, in milliseconds, before it goes on without',
  },
  FLEETGATE_DATA_DIR: {
    schema: z.string().min(1, { error: 'must be a folder' }).default('.fleetgate'),
    absent: '.fleetgate',
    help: 'folder for the embedded database and the keys that were made',
  },
  FLEETGATE_CONFIG: {
    schema: z.string().min(1, { error: 'must be a file' }).optional(),
    absent: 'no connections',
    help: 'YAML file of connections',
  },
  FLEETGATE_SECRET_KEY: {
    schema: z
      .string()
      .refine(secretKeyKind.isKey, { error: 'must be 32 bytes in base64 (openssl rand -base64 32)' })
      .optional(),
    absent: 'made and kept with the embedded database, required with another',
    help: '32 bytes in base64; encrypts stored tokens and seals cursors; kept in secret.key of the data folder',
  },
  FLEETGATE_SECRET_KEYS_OLD: {
    schema: z
      .string()
      .transform((text) => text.split(',').map((key) => key.trim()))
      .refine((keys) => keys.every(secretKeyKind.isKey), {
        error: 'must be secret keys, each 32 bytes in base64, by comma',
      })
      .optional(),
    absent: 'none',
    help: 'secret keys of before, by comma: they open what they sealed, and seal nothing',
  },
  FLEETGATE_ROOT_KEY: {
    schema: z
      .string()
      .refine(rootKeyKind.isKey, { error: 'must be 24 to 512 printable characters without spaces' })
      .optional(),
    absent: 'made once and kept',
    help: 'the API key that may do everything; kept in root.key of the data folder',
  },
  FLEETGATE_ALLOWED_NETWORKS: {
    schema: z
      .string()
      .transform((text) => text.split(',').map((entry) => entry.trim()))
      .refine((entries) => entries.every(isAllowedNetwork), {
        error: 'must be networks (10.0.0.0/8), addresses or host names, by comma',
      })
      .optional(),
    absent: 'the public internet only',
    help: 'private networks and hosts, by comma, that connections made over the API, and webhooks, may lead to',
  },
  FLEETGATE_ROLE: {
    schema: oneOf(roles).default('all'),
    absent: 'all',
    help: 'all, api (answers only) or worker (syncs as well)',
  },
  FLEETGATE_TRUSTED_PROXIES: {
    schema: listOf(isNetwork, 'must be addresses or networks (10.0.0.0/8), separated by commas'),
    absent: 'none',
    help: 'proxies in front of us, as networks by comma: only their X-Forwarded-For counts',
  },
  FLEETGATE_CORS_ORIGINS: {
    schema: listOf(isOrigin, 'must be origins like https://console.example.com, separated by commas'),
    absent: 'CORS is off',
    help: 'origins by comma whose pages may call the API from a browser',
  },
  ...limitVariables,
  ...eventVariables,
  FLEETGATE_SANDBOX_TEAMS: {
    schema: oneOf(['on', 'off']).default('off'),
    absent: 'off; npm start with the sandbox: on',
    help: 'two teams with users and keys to play with; never with FLEETGATE_DATABASE_URL',
  },
  FLEETGATE_DRAIN: {
    schema: z
      .string()
      .regex(/^([0-9]|10)(\.\d)?$/, { error: 'must be 0 to 10 seconds' })
      .transform(Number)
      .default(0),
    absent: '0',
    help: 'seconds that requests are still taken after the signal to stop, while /readyz says 503',
  },
  FLEETGATE_MAX_LOOP_DELAY: {
    schema: z
      .string()
      .regex(/^[1-9]\d{1,4}$/, { error: 'must be 10 to 99999 milliseconds' })
      .transform(Number)
      .default(300),
    absent: '300',
    help: 'how late the event loop may be, in milliseconds, before requests are refused with 503',
  },
  FLEETGATE_SLOW_REQUEST: {
    schema: z
      .string()
      .regex(/^\d{1,6}$/, { error: 'must be 0 to 999999 milliseconds' })
      .transform(Number)
      .default(1000),
    absent: '1000',
    help: 'requests that take longer, in milliseconds, are kept in the log of requests (/v1/requests)',
  },
  FLEETGATE_REQUEST_SAMPLE: {
    schema: share.default(0.1),
    absent: '0.1',
    help: 'share of ordinary reads that are kept in it; failures and changes always are',
  },
  FLEETGATE_TRACE_SAMPLE: {
    schema: share.default(1),
    absent: '1',
    help: 'share of the traces that begin here and are collected; callers decide about their own',
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    schema: urlOf('http:', 'https:').optional(),
    absent: 'traces go nowhere',
    help: 'an OTLP collector over HTTP, without /v1/traces; OTEL_EXPORTER_OTLP_HEADERS are sent along',
  },
  FLEETGATE_LOG_LEVEL: {
    schema: oneOf(levels).default('info'),
    absent: 'info',
    help: levels.join(', '),
  },
} as const;

type Table = typeof table;
export type Variables = { [Name in keyof Table]: z.output<Table[Name]['schema']> };

/** Variables of the launcher, the sandbox, the tests and the benchmarks: not ours to judge. */
const others = /^FLEETGATE_(SANDBOX|TEST|BENCH)(_|$)|^FLEETGATE_LAUNCHED$/;

/**
 * What Kubernetes sets in every pod beside a service that is called fleetgate (kubernetes.io, "Accessing the Service"). Some of
 * them, like FLEETGATE_PORT=tcp://10.0.0.1:8080, have the name of a setting of ours.
 */
const serviceLink =
  /^FLEETGATE_(\w+_)?SERVICE_(HOST|PORT)(_\w+)?$|^FLEETGATE_(\w+_)?PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?$/;

function isServiceLink(name: string, value: string | undefined): boolean {
  return serviceLink.test(name) && (!Object.hasOwn(table, name) || /^(tcp|udp|sctp):/.test(value ?? ''));
}

/**
 * An empty variable counts as absent, as it does in a shell script, and white space around a value is not part of it. One line for
 * each problem: the name and what is wrong. Values are not repeated: some are secret, and addresses carry passwords.
 */
export function readVariables(given: Readonly<Record<string, string | undefined>>): {
  variables: Variables;
  problems: string[];
} {
  const { env, problems } = withFiles(given, Object.keys(table).filter(mayBeInFile));
  const variables: Record<string, unknown> = {};
  for (const [name, { schema }] of Object.entries(table)) {
    const text = isServiceLink(name, env[name]) ? undefined : env[name]?.trim();
    const parsed = (schema as z.ZodType).safeParse(text || undefined);
    if (parsed.success) variables[name] = parsed.data;
    else problems.push(`${name} ${parsed.error.issues[0]?.message ?? 'is not valid'}`);
  }
  if (env['FLEETGATE_DATABASE_URL']?.trim() && !env['FLEETGATE_SECRET_KEY']?.trim()) {
    problems.push(
      'FLEETGATE_SECRET_KEY is missing: with FLEETGATE_DATABASE_URL every replica needs the same one, 32 bytes in base64 (openssl rand -base64 32)',
    );
  }
  if (env['FLEETGATE_DATABASE_URL']?.trim() && variables['FLEETGATE_SANDBOX_TEAMS'] === 'on') {
    problems.push(
      'FLEETGATE_SANDBOX_TEAMS makes accounts to play with: it cannot be on together with FLEETGATE_DATABASE_URL',
    );
  }
  return { variables: variables as Variables, problems };
}

/** The one that names a file itself: FLEETGATE_CONFIG_FILE would mean something else to everyone. */
const mayBeInFile = (name: string) => name !== 'FLEETGATE_CONFIG';
const isKnown = (name: string) => Object.hasOwn(table, name);

/** One line for each of our variables that nobody reads: `used` are those that the file of connections names. */
export function unknownVariables(
  env: Readonly<Record<string, string | undefined>>,
  used: ReadonlySet<string>,
): string[] {
  return Object.keys(env)
    .filter((name) => name.startsWith('FLEETGATE_'))
    .filter(
      (name) =>
        !isKnown(name) &&
        !isFileVariable(name, (inner) => isKnown(inner) && mayBeInFile(inner)) &&
        !others.test(name) &&
        !used.has(name),
    )
    .filter((name) => env[name] !== '' && !isServiceLink(name, env[name]))
    .sort()
    .map((name) => `${name} is not known: did you mean ${nearest(name, Object.keys(table))}?`);
}

export function helpText(): string {
  const rows = Object.entries(table).map(
    ([name, { absent, help }]) => `  ${name.padEnd(26)} ${help}\n${' '.repeat(29)}default: ${absent}`,
  );
  return `Fleetgate: one stable API for every project, deployment and cluster.

Usage: npm start [-- --help | --version]

Settings, by environment (an empty one counts as absent; NAME_FILE names a file that holds the value of NAME):
${rows.join('\n')}
`;
}
