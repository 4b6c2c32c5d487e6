import { z } from 'zod';

const roles = ['all', 'api', 'worker'] as const;
const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

const urlOf = (...protocols: string[]) =>
  z.string().refine((text) => protocols.includes(URL.parse(text)?.protocol ?? ''), {
    error: `must be a ${protocols.map((protocol) => `${protocol}//`).join(' or ')} address`,
  });

const oneOf = <const Words extends readonly [string, ...string[]]>(words: Words) =>
  z.enum(words, { error: `must be one of ${words.join(', ')}` });

/** The one table of settings: how each is checked, what it is when absent, and what `--help` says of it. */
const table = {
  FLEETGATE_PORT: {
    schema: z
      .string()
      .regex(/^\d{1,5}$/, { error: 'must be a port number from 0 to 65535' })
      .transform(Number)
      .refine((port) => port <= 65_535, { error: 'must be a port number from 0 to 65535' })
      .default(8080),
    absent: '8080',
    help: 'port of the API; 0 takes any free one',
  },
  FLEETGATE_HOST: {
    schema: z
      .string()
      .regex(/^[A-Za-z0-9.:-]+$/, { error: 'must be a host name or an IP address' })
      .default('127.0.0.1'),
    absent: '127.0.0.1',
    help: 'address to listen on; 0.0.0.0 for every one',
  },
  FLEETGATE_DATABASE_URL: {
    schema: urlOf('postgres:', 'postgresql:').optional(),
    absent: 'embedded',
    help: 'a PostgreSQL, 14 or later; absent: one of our own in the data folder',
  },
  FLEETGATE_REDIS_URL: {
    schema: urlOf('redis:', 'rediss:').optional(),
    absent: 'in process',
    help: 'a Redis, for counters that replicas share',
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
      .refine((text) => /^[A-Za-z0-9+/]{43}=$/.test(text), { error: 'must be 32 bytes in base64' })
      .optional(),
    absent: 'made and kept, if embedded',
    help: '32 bytes in base64; encrypts stored tokens and seals cursors',
  },
  FLEETGATE_ROOT_KEY: {
    schema: z
      .string()
      .regex(/^[\x21-\x7e]{24,512}$/, { error: 'must be 24 to 512 printable characters without spaces' })
      .optional(),
    absent: 'made and kept',
    help: 'the API key that may do everything; kept in root.key of the data folder',
  },
  FLEETGATE_ROLE: {
    schema: oneOf(roles).default('all'),
    absent: 'all',
    help: 'all, api (answers only) or worker (syncs as well)',
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

/** An empty variable counts as absent, as it does in a shell script. Values are not repeated in problems: some are secret. */
export function readVariables(env: Readonly<Record<string, string | undefined>>): {
  variables: Variables;
  problems: string[];
} {
  const problems: string[] = [];
  const variables: Record<string, unknown> = {};
  for (const [name, { schema }] of Object.entries(table)) {
    const parsed = (schema as z.ZodType).safeParse(env[name] === '' ? undefined : env[name]);
    if (parsed.success) variables[name] = parsed.data;
    else problems.push(`${name} ${parsed.error.issues[0]?.message ?? 'is not valid'}`);
  }
  for (const name of Object.keys(env)) {
    if (!name.startsWith('FLEETGATE_') || name in table || others.test(name)) continue;
    problems.push(`${name} is not known: did you mean ${nearest(name, Object.keys(table))}?`);
  }
  return { variables: variables as Variables, problems };
}

export function helpText(): string {
  const rows = Object.entries(table).map(
    ([name, { absent, help }]) => `  ${name.padEnd(24)} ${help}\n${' '.repeat(27)}default: ${absent}`,
  );
  return `Fleetgate: one stable API for every project, deployment and cluster.

Usage: npm start [-- --help | --version]

Settings, by environment:
${rows.join('\n')}
`;
}

function nearest(name: string, known: readonly string[]): string {
  return [...known].sort((a, b) => distance(name, a) - distance(name, b))[0] as string;
}

/** How many single-character edits lie between two words (Levenshtein). */
function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(swap, (previous[j] as number) + 1, (current[j - 1] as number) + 1));
    }
    previous = current;
  }
  return previous[b.length] as number;
}
