import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startUpstream, type Upstream } from '@fleetgate/sandbox';
import pg from 'pg';
import { request } from 'undici';
import { createTestDatabase, type TestDatabase, urlOf } from '../setup/test-database.ts';
import { eventually } from './stack.ts';
import type { ListBody } from './walking.ts';

/** Rows that an upstream gives in one page, at most. */
const pageSize = 200;
const rootKey = `fg_root_${randomBytes(32).toString('base64url')}`;
const secretKey = randomBytes(32).toString('base64');

let folder: string;
let database: TestDatabase;
let upstream: Upstream;
const running = new Set<ChildProcess>();

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'fleetgate-crash-'));
  database = await createTestDatabase();
  upstream = await startUpstream('fleet-manager', { scale: 2500, frozen: true });
  writeFileSync(
    path.join(folder, 'connections.yaml'),
    `connections:
  - slug: fm
    provider: fleet-manager
    sync: { interval: 1h }
    settings: { baseUrl: '${upstream.baseUrl}', apiKey: '\${FM_KEY}' }
`,
  );
});
afterAll(async () => {
  for (const child of running) child.kill('SIGKILL');
  await upstream?.close();
  await database?.drop();
  rmSync(folder, { recursive: true, force: true });
});

/** The gateway as its own process, from its sources. */
function startGateway(): { child: ChildProcess; ready: Promise<string>; output: () => string } {
  const root = path.resolve(__dirname, '../..');
  const child = fork(path.join(root, 'src/main.ts'), {
    cwd: folder,
    execArgv: [
      '--disable-warning=ExperimentalWarning',
      '--conditions=@fleetgate/source',
      `--import=${path.join(root, 'test/e2e/compile.mjs')}`,
    ],
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      FLEETGATE_PORT: '0',
      FLEETGATE_DATABASE_URL: urlOf(database),
      FLEETGATE_DATA_DIR: path.join(folder, 'data'),
      FLEETGATE_CONFIG: path.join(folder, 'connections.yaml'),
      FLEETGATE_SECRET_KEY: secretKey,
      FLEETGATE_ROOT_KEY: rootKey,
      FM_KEY: upstream.credentials['apiKey'],
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
  const ready = new Promise<string>((resolve, reject) => {
    child.on('message', (message: { type: string; url?: string }) => {
      if (message.type === 'ready') resolve(message.url as string);
      if (message.type === 'failed') reject(new Error(JSON.stringify(message)));
    });
    child.once('exit', (code) => reject(new Error(`it ended with ${code}: ${output}`)));
  });
  ready.catch(() => undefined); // one that is killed is never ready; who waits for it hears of it
  return { child, ready, output: () => output };
}

/** Offsets of the pages of clusters that the upstream was asked for. */
const pagesAsked = () =>
  upstream.control
    .requests()
    .filter((one) => one.method === 'GET' && one.path.endsWith('/clusters'))
    .map(({ query }) => Number(query['offset'] ?? 0));

async function clustersOf(url: string, query: string): Promise<ListBody> {
  const { body, statusCode } = await request(`${url}/v1/clusters?${query}`, {
    headers: { authorization: `Bearer ${rootKey}` },
  });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`answered ${statusCode}: ${text}`);
  return JSON.parse(text) as ListBody;
}

async function rows<R extends pg.QueryResultRow>(text: string): Promise<R[]> {
  const client = new pg.Client(database.config);
  await client.connect();
  try {
    return (await client.query<R>(text)).rows;
  } finally {
    await client.end();
  }
}

it('kill -9 in the middle of a sync: the next start goes on where it was, and no row is doubled or lost', async () => {
  const pages = Math.ceil(upstream.control.size('cluster') / pageSize);
  expect(pages).toBeGreaterThanOrEqual(5);
  upstream.control.inject({ fault: { kind: 'latency', ms: 250 }, match: { path: '/clusters$' } });

  const first = startGateway();
  await eventually('its fourth page is asked for', () => pagesAsked().length >= 4);
  first.child.kill('SIGKILL');
  await once(first.child, 'exit');
  const [stored] = await rows<{ n: string }>("SELECT count(*) AS n FROM resource WHERE kind = 'cluster'");
  const before = Number(stored?.n);
  expect(before).toBeGreaterThanOrEqual(pageSize / 2); // some pages were stored,
  expect(before).toBeLessThan(upstream.control.size('cluster')); // others were not
  const highest = Math.max(...pagesAsked());

  // That the lease of a dead process runs out is the store's own test; here nobody waits for it.
  await rows('UPDATE sync_state SET lease_until = now()');
  upstream.control.clear();
  upstream.control.forget();
  const second = startGateway();
  const url = await second.ready;
  const early = await clustersOf(url, 'limit=1');
  expect(early.pagination.total).toBeGreaterThanOrEqual(before); // what was known is answered at once
  await eventually(
    'the sync is done',
    async () => (await clustersOf(url, 'limit=1')).sources[0]?.state === 'fresh',
  );

  const asked = pagesAsked();
  expect(Math.min(...asked)).toBeGreaterThan(0); // not from the beginning
  expect(Math.min(...asked)).toBeLessThanOrEqual(highest); // nor past what was never stored
  expect(asked.length).toBeLessThan(pages);

  const ids: string[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const body: ListBody = await clustersOf(
      url,
      `limit=100${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
    );
    ids.push(...body.data.map(({ id }) => id));
    cursor = body.pagination.next_cursor;
  }
  expect(ids).toHaveLength(upstream.control.size('cluster'));
  expect(new Set(ids).size).toBe(ids.length);
  const { pagination } = await clustersOf(url, 'limit=1');
  expect(pagination.total).toBe(ids.length);

  // What is only new to us is no event; that all of it is known by now is one.
  await eventually('the log tells of it', async () => {
    const events = await rows<{ type: string }>('SELECT type FROM event');
    return events.length > 0;
  });
  expect(await rows('SELECT type, connection FROM event')).toEqual([
    { type: 'connection.synced', connection: 'fm' },
  ]);

  second.child.kill('SIGTERM');
  const [code] = await once(second.child, 'exit');
  expect({ code, leak: second.output().includes(rootKey) }).toEqual({ code: 0, leak: false });
}, 60_000);
