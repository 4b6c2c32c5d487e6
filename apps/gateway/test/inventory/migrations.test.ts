import { Test } from '@nestjs/testing';
import { CONNECTIONS } from '../../src/connections/connection.ts';
import { openDataSource } from '../../src/database/data-source.ts';
import { DatabaseModule } from '../../src/database/database.module.ts';
import { Database } from '../../src/database/database.ts';
import { LINKS } from '../../src/inventory/feed.ts';
import { InventoryModule } from '../../src/inventory/inventory.module.ts';
import { Inventory } from '../../src/inventory/inventory.ts';
import { Revisions } from '../../src/inventory/revisions.ts';
import { Sources } from '../../src/inventory/sources.ts';
import { SyncJobs } from '../../src/inventory/sync-jobs.ts';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';
import { noLinks, until } from './process.ts';
import { cluster, connectionsOf, Upstream } from './upstream.ts';

let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
});

afterEach(() => database.drop());

it('are run once by processes that start at the same moment', async () => {
  const sources = await Promise.all([0, 1, 2].map(() => openDataSource(database.target)));
  const [first] = sources;
  const ran = await first?.query('SELECT name FROM migrations');
  expect(ran).toHaveLength(first?.migrations.length ?? 0);
  for (const source of sources) await source.destroy();
});

it('can be undone and done again', async () => {
  const source = await openDataSource(database.target);
  for (const _ of source.migrations) await source.undoLastMigration();
  const left = await source.query(`SELECT tablename FROM pg_tables WHERE schemaname = 'public'`);
  expect(left).toEqual([{ tablename: 'migrations' }]);
  await source.destroy();
  await (await openDataSource(database.target)).destroy();
});

it('reads whole numbers as numbers and times as text, in UTC', async () => {
  const source = await openDataSource(database.target);
  const pool = new Database(source, database.target);
  const [row] = await pool.query({
    text: `SELECT 2::bigint AS n, '2026-01-01T01:00:00+01'::timestamptz AS at`,
  });
  expect(row).toEqual({ n: 2, at: '2026-01-01 00:00:00+00' });
  await expect(
    pool.transaction(async (client) => {
      await client.query('CREATE TABLE half ()');
      throw new Error('no');
    }),
  ).rejects.toThrow('no');
  expect(await pool.query({ text: `SELECT to_regclass('half') AS half` })).toEqual([{ half: null }]);
  await source.destroy();
});

it('are there for the module, which syncs when it is told to and stops in order', async () => {
  const upstream = new Upstream(['cluster']);
  upstream.put('cluster', cluster('c'));
  const connections = connectionsOf(upstream.connection('east'));
  const module = await Test.createTestingModule({
    imports: [
      DatabaseModule.forRoot(database.target),
      {
        module: class Connections {},
        global: true,
        providers: [
          { provide: CONNECTIONS, useValue: connections },
          { provide: LINKS, useValue: noLinks },
        ],
        exports: [CONNECTIONS, LINKS],
      },
      InventoryModule.forRoot(),
    ],
  }).compile();
  await module.init();
  await module.get(SyncJobs).start();
  const sources = module.get(Sources);
  await until(() => sources.of('cluster', ['east'])[0]?.state === 'fresh');
  expect(module.get(Revisions).of(['cluster'])).toBeGreaterThan(0);
  const result = await module.get(Inventory).list({
    kind: 'cluster',
    labels: [],
    sort: { field: 'name', descending: false },
    limit: 10,
    from: { page: 1 },
    native: false,
  });
  expect(result.total).toBe(1);
  await module.close();
});
