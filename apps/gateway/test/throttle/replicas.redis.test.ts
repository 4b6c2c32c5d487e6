import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Agent, request } from 'undici';
import { type GatewayProcess, startGateway } from '../boot/gateway-process.ts';
import { eventually } from '../e2e/stack.ts';
import { createTestDatabase, type TestDatabase, urlOf } from '../setup/test-database.ts';
import { type RedisServer, startRedis } from './redis-server.ts';

const rootKey = `fg_root_${randomBytes(32).toString('base64url')}`;
const limit = 100;
const agent = new Agent({ connections: 32 });

let folder: string;
let database: TestDatabase;
let redis: RedisServer;
/** of a team on the plan free */
let key: string;
const gateways: GatewayProcess[] = [];
const urls: string[] = [];

/** The program itself, from its sources. */
async function start(): Promise<void> {
  const root = resolve(__dirname, '../..');
  const gateway = startGateway({
    program: [
      '--disable-warning=ExperimentalWarning',
      '--conditions=@fleetgate/source',
      `--import=${join(root, 'test/e2e/compile.mjs')}`,
      join(root, 'src/main.ts'),
    ],
    env: {
      FLEETGATE_PORT: '0',
      FLEETGATE_ROLE: 'api',
      FLEETGATE_DATABASE_URL: urlOf(database),
      FLEETGATE_DATABASE_POOL: '6',
      FLEETGATE_DATA_DIR: folder,
      FLEETGATE_SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
      FLEETGATE_ROOT_KEY: rootKey,
      FLEETGATE_REDIS_URL: redis.url,
      FLEETGATE_REDIS_TIMEOUT: '3000', // a busy machine is none that hangs
      FLEETGATE_LOG_LEVEL: 'debug',
      FLEETGATE_LIMIT_FREE: `${limit}/1h`,
      FLEETGATE_LIMIT_ADDRESS: '20/1h',
    },
  });
  gateways.push(gateway);
  urls.push((await gateway.ready()).url);
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fleetgate-throttle-'));
  database = await createTestDatabase();
  redis = await startRedis();
  await start();
  key = await makeKey();
  await redis.kill();
  await start(); // without Redis it starts as well
}, 60_000);
afterAll(async () => {
  for (const { child } of gateways) child.kill('SIGTERM');
  await Promise.all(gateways.map(({ ended }) => ended));
  await redis?.close();
  await agent.close();
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
}, 30_000);

async function makeKey(): Promise<string> {
  const made = async (path: string, body: object): Promise<{ slug: string; key: string }> => {
    const headers = { authorization: `Bearer ${rootKey}`, 'content-type': 'application/json' };
    const answer = await request(`${urls[0]}${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    });
    return ((await answer.body.json()) as { data: { slug: string; key: string } }).data;
  };
  const team = await made('/v1/teams', { name: 'Shop', slug: 'shop', plan: 'free' });
  return (await made('/v1/api-keys', { name: 'key', team: team.slug, scopes: ['read'] })).key;
}

async function ask(gateway: number, path = '/v1/clusters', credential: string | null = key) {
  const {
    statusCode: status,
    headers,
    body,
  } = await request(`${urls[gateway]}${path}`, {
    dispatcher: agent,
    headers: credential === null ? {} : { authorization: `Bearer ${credential}` },
  });
  return { status, headers, local: headers['x-fleetgate-throttle'] === 'local', text: await body.text() };
}

const many = (count: number, call: (n: number) => ReturnType<typeof ask>) =>
  Promise.all(Array.from({ length: count }, (_, n) => call(n)));
const counted = (answers: readonly { status: number }[], wanted: number) =>
  answers.filter(({ status }) => status === wanted).length;
const areShared = async () => {
  const answers = await many(2, (n) => ask(n, '/v1/health'));
  return answers.every(({ text }) => text.includes('"status":"ok"'));
};

it('one that starts without Redis serves by itself, says so, and joins the others when Redis is there', async () => {
  const alone = await ask(1);
  expect([alone.status, alone.local]).toEqual([200, true]);
  for (const gateway of [0, 1]) {
    await eventually('it is told', async () =>
      (await ask(gateway, '/v1/health')).text.includes('"degraded"'),
    );
    const ready = await ask(gateway, '/readyz');
    expect([ready.status, ready.text]).toEqual([200, expect.stringContaining('"throttle":"local"')]);
  }
  await redis.start();
  await eventually('both share the counters', areShared);
  const together = await ask(1);
  expect([together.status, together.local]).toEqual([200, false]);
  expect(together.headers['x-ratelimit-remaining']).toBe(String(limit - 2)); // what it gave alone is counted too
});

it('1,000 calls at once to two of them let exactly 100 through, and refusals of an address are counted together too', async () => {
  await redis.client().flushall();
  const answers = await many(1000, (n) => ask(n % 2, n % 3 ? '/v1/clusters' : '/v1/providers'));
  expect([counted(answers, 200), counted(answers, 429)]).toEqual([limit, 1000 - limit]);
  const left = answers
    .filter(({ status }) => status === 200)
    .map(({ headers }) => headers['x-ratelimit-remaining']);
  expect(new Set(left).size).toBe(limit);
  expect(new Set(answers.map(({ headers }) => headers['x-ratelimit-reset'])).size).toBe(1);
  expect(answers.some(({ local }) => local)).toBe(false);

  const strangers = await many(60, (n) => ask(n % 2, '/v1/clusters', n % 3 ? 'wrong' : null));
  expect([counted(strangers, 401), counted(strangers, 429)]).toEqual([20, 40]);
});

it('without Redis each gives its half, and with it again nothing more', async () => {
  const know = ({ output }: GatewayProcess) => output().includes('2 gateways share this Redis');
  await eventually('each knows of the other', () => gateways.every(know));
  await redis.kill();
  const answers = await many(400, (n) => ask(n % 2));
  expect(answers.every(({ local }) => local)).toBe(true);
  expect([counted(answers, 200), counted(answers, 429)]).toEqual([limit, 400 - limit]);

  await redis.start();
  await eventually('both share the counters', areShared);
  const after = await many(100, (n) => ask(n % 2));
  expect([counted(after, 429), after.some(({ local }) => local)]).toEqual([100, false]);
});

it('one that hangs holds nobody up', async () => {
  redis.freeze();
  const answers = await many(40, (n) => ask(n % 2));
  expect(answers.every(({ local }) => local)).toBe(true);
  redis.thaw();
  await eventually('both share the counters', areShared);
});

it('nothing of all this was unforeseen, and nobody told the password', async () => {
  const { password } = new URL(redis.url);
  for (const gateway of gateways) {
    expect(gateway.output()).toMatch(/Redis is lost/);
    expect(gateway.output()).toMatch(/Redis is back/);
    expect(gateway.output()).not.toMatch(/"level":"(error|fatal)"/);
    expect(gateway.output() + gateway.errors()).not.toContain(password);
    expect(gateway.child.exitCode).toBeNull();
  }
});
