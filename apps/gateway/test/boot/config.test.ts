import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../../src/config/config-error.ts';
import { helpText } from '../../src/config/variables.ts';
import { type Config, loadConfig } from '../../src/config.ts';

const secretKey = Buffer.alloc(32, 7).toString('base64');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fleetgate-config-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    loadConfig({ env, cwd: folder });
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('the defaults', () => {
  it('are those that the help tells', () => {
    const config = loadConfig({ env: {}, cwd: folder });
    expect(config).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      database: { url: null },
      redisUrl: null,
      dataDir: join(folder, '.fleetgate'),
      role: 'all',
      logLevel: 'info',
      connections: [],
    });
  });

  it('stand for empty variables too', () => {
    expect(loadConfig({ env: { FLEETGATE_PORT: '', FLEETGATE_SECRET_KEY: '' }, cwd: folder }).port).toBe(
      8080,
    );
  });

  it('make both keys once, for the eyes of their owner only', () => {
    const first = loadConfig({ env: {}, cwd: folder });
    const second = loadConfig({ env: {}, cwd: folder });
    expect(first.secretKey).toHaveLength(32);
    expect(first.rootKey).toMatch(/^fg_root_[\w-]{43}$/);
    expect(second.secretKey).toEqual(first.secretKey);
    expect(second.rootKey).toBe(first.rootKey);
    for (const name of ['secret.key', 'root.key']) {
      expect(statSync(join(folder, '.fleetgate', name)).mode & 0o777).toBe(0o600);
    }
    expect(first.rootKeyFile).toBe(join(folder, '.fleetgate', 'root.key'));
  });

  it('write nothing when both keys are given', () => {
    const env = { FLEETGATE_SECRET_KEY: secretKey, FLEETGATE_ROOT_KEY: 'r'.repeat(24) };
    const config = loadConfig({ env, cwd: folder });
    expect(config.rootKeyFile).toBeNull();
    expect(() => statSync(join(folder, '.fleetgate'))).toThrow('ENOENT');
  });
});

describe('every variable', () => {
  const bad: Record<string, string> = {
    FLEETGATE_PORT: '80800',
    FLEETGATE_METRICS_PORT: '99999',
    FLEETGATE_HOST: 'no host',
    FLEETGATE_PUBLIC_URL: 'https://hunter2@gate.example.com',
    FLEETGATE_DATABASE_URL: 'mysql://admin:hunter2-database@db/x',
    FLEETGATE_REDIS_URL: 'http://:hunter2-redis@cache',
    FLEETGATE_REDIS_PREFIX: 'x'.repeat(101),
    FLEETGATE_REDIS_TIMEOUT: '5',
    FLEETGATE_LIMIT_BURST: '1000 per second',
    FLEETGATE_LIMIT_ADDRESS: '0/1m',
    FLEETGATE_CONFIG: 'absent.yaml',
    FLEETGATE_SECRET_KEY: 'hunter2-secret',
    FLEETGATE_SECRET_KEYS_OLD: `${secretKey},hunter2-old`,
    FLEETGATE_ROOT_KEY: 'hunter2-root',
    FLEETGATE_ALLOWED_NETWORKS: '10.0.0.0/8, hunter2 network',
    FLEETGATE_EVENTS_KEEP_DAYS: '3',
    FLEETGATE_WEBHOOK_RETRIES: '5s, hunter2',
    FLEETGATE_ROLE: 'boss',
    FLEETGATE_LOG_LEVEL: 'loud',
    FLEETGATE_SLOW_REQUEST: 'a while',
    FLEETGATE_REQUEST_SAMPLE: '1.5',
    FLEETGATE_TRACE_SAMPLE: '-1',
    FLEETGATE_DRAIN: '60',
    FLEETGATE_MAX_LOOP_DELAY: '1',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'grpc://collector:4317',
    FLEETGATE_PROT: '8081',
  };

  it('that is wrong is named in one line of its own, with what is expected', () => {
    const problems = problemsOf(bad);
    for (const name of Object.keys(bad)) {
      const lines = problems.filter((line) => line.startsWith(`${name} `));
      expect({ name, lines }).toEqual({ name, lines: [expect.stringMatching(/./)] });
    }
    expect(problems).toHaveLength(Object.keys(bad).length);
    expect(problems.filter((line) => line.includes('\n'))).toEqual([]);
    expect(problems).toContain('FLEETGATE_PORT must be a port number from 0 to 65535');
    expect(problems).toContain('FLEETGATE_ROLE must be one of all, api, worker');
    expect(problems).toContain('FLEETGATE_PROT is not known: did you mean FLEETGATE_PORT?');
  });

  it('of a limit is read as calls in a window', () => {
    const env = { FLEETGATE_LIMIT_FREE: '5/1s', FLEETGATE_LIMIT_PRO: '7/90m', FLEETGATE_LIMIT_OPEN: '9/24h' };
    expect(loadConfig({ env, cwd: folder }).limits).toEqual({
      free: { limit: 5, windowSeconds: 1 },
      pro: { limit: 7, windowSeconds: 5400 },
      enterprise: { limit: 10_000, windowSeconds: 3600 },
      burst: { limit: 1000, windowSeconds: 10 },
      root: { limit: 1_000_000, windowSeconds: 10 },
      address: { limit: 20, windowSeconds: 60 },
      open: { limit: 9, windowSeconds: 86_400 },
    });
  });

  it.each([
    ['https://gate.example.com/', 'https://gate.example.com'],
    ['https://corp.example/fleetgate', 'https://corp.example/fleetgate'],
    ['http://10.0.0.7:8080', 'http://10.0.0.7:8080'],
  ])('the public address %s is read', (given, publicUrl) => {
    expect(loadConfig({ env: { FLEETGATE_PUBLIC_URL: given }, cwd: folder }).publicUrl).toBe(publicUrl);
  });

  it.each([
    ['gate.example.com'],
    ['ftp://gate.example.com'],
    ['https://gate.example.com?x=1'],
    ['https://h/#a'],
  ])('the public address %s is refused', (given) => {
    expect(problemsOf({ FLEETGATE_PUBLIC_URL: given })).toEqual([
      expect.stringMatching(/^FLEETGATE_PUBLIC_URL must be the http/),
    ]);
  });

  it('of trusted proxies and allowed origins is a list', () => {
    const env = {
      FLEETGATE_TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.7,2001:db8::/32',
      FLEETGATE_CORS_ORIGINS: 'https://console.example.com,http://localhost:3000',
    };
    expect(loadConfig({ env, cwd: folder })).toMatchObject({
      trustedProxies: ['10.0.0.0/8', '192.0.2.7', '2001:db8::/32'],
      corsOrigins: ['https://console.example.com', 'http://localhost:3000'],
      playTeams: false,
    });
  });

  it.each([
    ['FLEETGATE_TRUSTED_PROXIES', '10.0.0.0/33'],
    ['FLEETGATE_TRUSTED_PROXIES', '10.0.0.0/8,proxy.example.com'],
    ['FLEETGATE_TRUSTED_PROXIES', '10'],
    ['FLEETGATE_TRUSTED_PROXIES', '*'],
    ['FLEETGATE_CORS_ORIGINS', '*'],
    ['FLEETGATE_CORS_ORIGINS', 'https://console.example.com/'],
    ['FLEETGATE_CORS_ORIGINS', 'console.example.com'],
    ['FLEETGATE_CORS_ORIGINS', 'null'],
  ])('%s=%s is refused', (name, value) => {
    expect(problemsOf({ [name]: value })).toEqual([expect.stringMatching(new RegExp(`^${name} must be `))]);
  });

  it('is never repeated with its value', () => {
    expect(problemsOf(bad).join('\n')).not.toMatch(/hunter2/);
  });

  it.each([['-1'], ['8080x'], ['65536'], ['1e3']])('port %j is refused', (port) => {
    expect(problemsOf({ FLEETGATE_PORT: port })).toHaveLength(1);
  });

  it.each([
    ['31 bytes', Buffer.alloc(31, 1).toString('base64')],
    ['33 bytes', Buffer.alloc(33, 1).toString('base64')],
    ['hexadecimal', Buffer.alloc(32, 1).toString('hex')],
    ['bits beyond the last byte', `${'A'.repeat(42)}B=`],
  ])('a secret key of %s is refused', (_, key) => {
    expect(problemsOf({ FLEETGATE_SECRET_KEY: key })).toEqual([
      expect.stringContaining('FLEETGATE_SECRET_KEY must be 32 bytes in base64'),
    ]);
  });

  it('of a database asks for a secret key that all replicas share', () => {
    expect(problemsOf({ FLEETGATE_DATABASE_URL: 'postgres://db/x' })).toEqual([
      expect.stringMatching(/^FLEETGATE_SECRET_KEY is missing/),
    ]);
  });

  it('of the launcher, the sandbox, the tests and the benchmarks is let pass', () => {
    const env = {
      FLEETGATE_LAUNCHED: '1',
      FLEETGATE_SANDBOX: 'on',
      FLEETGATE_SANDBOX_PORT: '8180',
      FLEETGATE_TEST_DATABASE_URL: 'x',
      FLEETGATE_BENCH_ROUNDS: '3',
    };
    expect(problemsOf(env)).toEqual([]);
  });

  it('that the file of connections puts in is no unknown one', () => {
    writeFileSync(
      join(folder, 'c.yaml'),
      [
        'connections:',
        '  - slug: fm',
        '    provider: fleet-manager',
        `    settings: {baseUrl: "http://127.0.0.1/api/v2", apiKey: $\{FLEETGATE_FM_KEY}}`,
      ].join('\n'),
    );
    const env = { FLEETGATE_CONFIG: 'c.yaml', FLEETGATE_FM_KEY: 'key-of-fm' };
    const [connection] = loadConfig({ env, cwd: folder }).connections;
    expect(connection).toMatchObject({ slug: 'fm', settings: { apiKey: 'key-of-fm' } });
  });
});

describe('what comes out', () => {
  it('is frozen through and through', () => {
    writeFileSync(
      join(folder, 'c.yaml'),
      'connections:\n  - {slug: fm, provider: fleet-manager, settings: {baseUrl: "http://h/api/v2", apiKey: k}}\n',
    );
    const config = loadConfig({ env: { FLEETGATE_CONFIG: 'c.yaml' }, cwd: folder });
    const open: string[] = [];
    const look = (value: unknown, path: string): void => {
      if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
      if (!Object.isFrozen(value)) open.push(path);
      for (const [name, inner] of Object.entries(value)) look(inner, `${path}.${name}`);
    };
    look(config, 'config');
    expect(open).toEqual([]);
    expect(() => {
      (config as { port: number } & Config).port = 1;
    }).toThrow(TypeError);
  });
});

describe('the help', () => {
  it('tells every setting with its default', () => {
    const text = helpText();
    const names = [
      ...['PORT', 'HOST', 'DATABASE_URL', 'REDIS_URL', 'DATA_DIR'],
      ...[
        'REDIS_PREFIX',
        'REDIS_TIMEOUT',
        'LIMIT_FREE',
        'LIMIT_BURST',
        'LIMIT_ROOT',
        'LIMIT_ADDRESS',
        'LIMIT_OPEN',
        'EVENTS_KEEP_DAYS',
        'WEBHOOK_RETRIES',
      ],
      ...['CONFIG', 'SECRET_KEY', 'SECRET_KEYS_OLD', 'ROOT_KEY', 'ALLOWED_NETWORKS', 'ROLE', 'LOG_LEVEL'],
    ];
    for (const name of names)
      expect(text).toMatch(new RegExp(`^  FLEETGATE_${name} +\\S.*\n +default: \\S`, 'm'));
  });
});

describe('a data folder that is no folder', () => {
  it('is one clear line', () => {
    writeFileSync(join(folder, 'file'), '');
    const [line, ...more] = problemsOf({ FLEETGATE_DATA_DIR: 'file/inside' });
    expect(line).toMatch(/is not a folder: set FLEETGATE_DATA_DIR/);
    expect(more).toEqual([]);
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('');
  });
});
