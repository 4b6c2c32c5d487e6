import type { Connection, Connections, Made } from '../../src/connections/connection.ts';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';
import { Process, until } from './process.ts';
import { cluster, connectionsOf, count, Upstream } from './upstream.ts';

let database: TestDatabase;
let started: Process[];
let first: Upstream;
let second: Upstream;

beforeEach(async () => {
  database = await createTestDatabase();
  started = [];
  first = new Upstream(['cluster']);
  first.put('cluster', ...count(0, 25).map((n) => cluster(`first-${n}`)));
  second = new Upstream(['cluster']);
  second.put('cluster', cluster('second'));
});
afterEach(async () => {
  for (const one of started) await one.stop();
  await database.drop();
});

async function start(connections: Connections): Promise<Process> {
  const process = await Process.start(database, connections);
  started.push(process);
  return process;
}

const made = (id: string): Made => ({
  id,
  version: 1,
  createdAt: '',
  updatedAt: '',
  settings: {},
  secrets: [],
  superseded: new AbortController().signal,
});
const eastOf = (upstream: Upstream, id: string): Connection =>
  upstream.connection('east', { made: made(id) });

/** What making a connection over the API leaves in the database. */
async function store(process: Process, id: string): Promise<void> {
  await process.rows(
    `INSERT INTO connection (id, slug, provider, sync_interval_ms, settings) VALUES ($1, 'east', 'memory', 60000, 'x')`,
    [id],
  );
  await process.rows(`INSERT INTO sync_state (connection, provider, link) VALUES ('east', 'memory', $1)`, [
    id,
  ]);
  await process.feed.read();
}

const upkeep = (process: Process) => process.upkeep.run(new AbortController().signal);

it('what still works for a connection that was removed writes nothing into the next one of its name', async () => {
  const old = await start(connectionsOf(eastOf(first, '1')));
  await store(old, '1');
  await old.sync('east');
  expect((await old.list('cluster')).total).toBe(25);

  const now = await start(connectionsOf(eastOf(second, '2')));
  expect((await now.list('cluster')).total).toBe(0); // what is there belongs to another link
  await now.rows(`UPDATE connection SET removed_at = now() WHERE id = '1'`);
  await upkeep(now);
  expect(await now.rows('SELECT slug FROM connection')).toEqual([]);
  await store(now, '2');

  // The first has not heard of anything.
  const write = old.inventory.observe(eastOf(first, '1'), 'cluster', cluster('late'));
  await expect(write).rejects.toMatchObject({ code: 'unavailable' });
  await expect(old.inventory.vanish(eastOf(first, '1'), 'cluster', ['second'])).rejects.toMatchObject({
    code: 'unavailable',
  });
  first.lists.length = 0;
  await old.sync('east');
  expect(first.lists).toEqual([]);
  await now.sync('east');
  expect(await now.names('cluster')).toEqual(['second']);
});

it('a sync that is under way ends at its page when its connection is removed', async () => {
  const process = await start(connectionsOf(eastOf(first, '1')));
  await store(process, '1');
  const other = await start(connectionsOf());
  first.beforePage = async (_, page) => {
    if (page !== 1) return;
    await other.rows(`UPDATE connection SET removed_at = now() WHERE id = '1'`);
    await other.rows(`UPDATE sync_state SET fence = fence + 1, lease_owner = NULL, lease_until = NULL`);
    await upkeep(other);
  };
  await process.sync('east');
  expect(await process.rows('SELECT connection FROM resource')).toEqual([]);
  expect(await process.rows('SELECT connection FROM sync_state')).toEqual([]);
});

it('a connection is not purged by a process that does not have it, for whatever reason', async () => {
  const has = await start(connectionsOf(eastOf(first, '1')));
  await store(has, '1');
  await has.sync('east');
  await upkeep(await start(connectionsOf()));
  expect((await has.list('cluster')).total).toBe(25);
});

it('but by the file, that has one of the same name: that one begins from nothing', async () => {
  const has = await start(connectionsOf(eastOf(first, '1')));
  await store(has, '1');
  await has.sync('east');
  const file = await start(connectionsOf(second.connection('east')));
  expect((await file.list('cluster')).total).toBe(0);
  await upkeep(file);
  await file.sync('east');
  expect(await file.names('cluster')).toEqual(['second']);
});

it('revisions of what is gone are counted on, by every process alike, and remembered by none', async () => {
  const process = await start(connectionsOf(eastOf(first, '1')));
  await store(process, '1');
  const witness = await start(connectionsOf());
  await process.sync('east');
  await until(() => witness.revisions.data(['cluster']) === process.revisions.data(['cluster']));
  const before = witness.revisions.data(['cluster']);
  await process.rows(`UPDATE connection SET removed_at = now() WHERE id = '1'`);
  await upkeep(witness);
  expect(witness.revisions.data(['cluster'])).toBeGreaterThan(before);
  await until(() => process.revisions.data(['cluster']) === witness.revisions.data(['cluster']));
  expect(await process.rows(`SELECT DISTINCT connection FROM inventory_revision`)).toEqual([
    { connection: '' },
  ]);
  const late = await start(connectionsOf());
  expect(late.revisions.of(['cluster'])).toBe(witness.revisions.of(['cluster']));

  // Whoever has missed the news reads it.
  const deaf = await start(connectionsOf());
  await deaf.feed.beforeApplicationShutdown();
  await store(process, '2');
  await process.inventory.observe(eastOf(second, '2'), 'cluster', cluster('x'));
  await deaf.feed.read();
  const heard = deaf.revisions.data(['cluster']);
  await process.rows(`UPDATE connection SET removed_at = now() WHERE id = '2'`);
  await upkeep(witness);
  await deaf.feed.read();
  expect(deaf.revisions.data(['cluster'])).toBe(heard + 1);
  expect(deaf.revisions.data(['cluster'])).toBe(witness.revisions.data(['cluster']));
});

it('as many syncs go on at once as there are connections by now', async () => {
  const all: Connection[] = [];
  const process = await start({ all: () => all, find: (slug) => all.find((one) => one.slug === slug) });
  await process.jobs.start();
  const asked = new Set<string>();
  for (const n of count(0, 6)) {
    const upstream = new Upstream(['cluster']);
    upstream.beforePage = (_, __, signal) => {
      asked.add(`hanging-${n}`);
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    };
    all.push(upstream.connection(`hanging-${n}`));
  }
  await process.feed.read();
  await until(() => asked.size === 6);
});
