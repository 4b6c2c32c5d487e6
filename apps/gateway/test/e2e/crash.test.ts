import { randomBytes } from 'node:crypto';
import { startUpstream, type Upstream } from '@fleetgate/sandbox';
import pg from 'pg';
import { request } from 'undici';
import { ForkedGateways } from '../setup/forked-gateway.ts';
import { createTestDatabase, type TestDatabase, urlOf } from '../setup/test-database.ts';
import { eventually } from './stack.ts';
import type { ListBody } from './walking.ts';

/** Rows that an upstream gives in one page, at most. */
const pageSize = 200;
const rootKey = `fg_root_${randomBytes(32).toString('base64url')}`;
const secretKey = randomBytes(32).toString('base64');

let database: TestDatabase;
let upstream: Upstream;
let gateways: ForkedGateways;

beforeAll(async () => {
  database = await createTestDatabase();
  upstream = await startUpstream('fleet-manager', { scale: 2500, frozen: true });
  gateways = new ForkedGateways(
    `connections:
  - slug: fm
    provider: fleet-manager
    sync: { interval: 1h }
    settings: { baseUrl: '${upstream.baseUrl}', apiKey: '\${FM_KEY}' }
`,
    {
      FLEETGATE_DATABASE_URL: urlOf(database),
      FLEETGATE_SECRET_KEY: secretKey,
      FLEETGATE_ROOT_KEY: rootKey,
      FM_KEY: upstream.credentials['apiKey'],
    },
  );
});
afterAll(async () => {
  gateways?.close();
  await upstream?.close();
  await database?.drop();
});

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

  const first = gateways.start();
  await eventually('its fourth page is asked for', () => pagesAsked().length >= 4);
  await first.kill();
  const [stored] = await rows<{ n: string }>("SELECT count(*) AS n FROM resource WHERE kind = 'cluster'");
  const before = Number(stored?.n);
  expect(before).toBeGreaterThanOrEqual(pageSize / 2); // some pages were stored,
  expect(before).toBeLessThan(upstream.control.size('cluster')); // others were not
  const highest = Math.max(...pagesAsked());

  // That the lease of a dead process runs out is the store's own test; here nobody waits for it.
  await rows('UPDATE sync_state SET lease_until = now()');
  upstream.control.clear();
  upstream.control.forget();
  const second = gateways.start();
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

  const code = await second.stop();
  expect({ code, leak: second.output().includes(rootKey) }).toEqual({ code: 0, leak: false });
}, 60_000);
