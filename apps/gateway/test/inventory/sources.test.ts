import { Fault } from '@fleetgate/model';
import type { Connection } from '../../src/connections/connection.ts';
import { Sequencer } from '../../src/events/sequencer.ts';
import type { Timing } from '../../src/inventory/timing.ts';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';
import { Process, type ProcessOptions, until } from './process.ts';
import { cluster, connectionsOf, count, project, Upstream } from './upstream.ts';

let database: TestDatabase;
let upstream: Upstream;
let connection: Connection;
let started: Process[];

beforeEach(async () => {
  database = await createTestDatabase();
  upstream = new Upstream(['project', 'cluster']);
  upstream.put('cluster', cluster('c'));
  connection = upstream.connection('east');
  started = [];
});

afterEach(async () => {
  for (const one of started) await one.stop();
  await database.drop();
});

async function start(connections = [connection], options: ProcessOptions = {}): Promise<Process> {
  const process = await Process.start(database, connectionsOf(...connections), options);
  started.push(process);
  return process;
}

const stateOf = (process: Process) => process.sources.of('cluster', ['east'])[0];

describe('the state of a source', () => {
  it('goes from never synced to fresh, by time alone to stale, and back with a sync', async () => {
    const now = { ms: Date.now() };
    const timing: Timing = { clock: { now: () => now.ms, sleep: async () => {} }, random: () => 0.5 };
    const process = await start([connection], { timing });
    expect(stateOf(process)).toEqual({
      connection: 'east',
      provider: 'memory',
      state: 'never_synced',
      observed_at: null,
    });
    expect(process.sources.expiry('cluster', ['east'])).toBe(Number.POSITIVE_INFINITY);
    await process.sync('east');
    expect(stateOf(process)).toMatchObject({ state: 'fresh', observed_at: new Date(now.ms).toISOString() });
    const expiry = process.sources.expiry('cluster', ['east']);
    now.ms = expiry - 1;
    expect(stateOf(process)?.state).toBe('fresh');
    now.ms = expiry;
    expect(stateOf(process)?.state).toBe('stale');
    expect(process.sources.expiry('cluster', ['east'])).toBe(Number.POSITIVE_INFINITY);
    await process.sync('east');
    expect(stateOf(process)?.state).toBe('fresh');
  });

  it('is failing with the reason, keeps when it was last seen, and recovers', async () => {
    const process = await start();
    await process.sync('east');
    const { observed_at } = stateOf(process) ?? {};
    upstream.beforePage = () => {
      throw new Fault('unauthenticated', 'the key is refused');
    };
    await process.sync('east');
    expect(stateOf(process)).toMatchObject({
      state: 'failing',
      observed_at,
      error: { code: 'upstream_auth_failed', message: 'the key is refused' },
    });
    upstream.beforePage = () => {};
    await process.sync('east');
    expect(stateOf(process)?.state).toBe('fresh');
    expect(stateOf(process)).not.toHaveProperty('error');
  });
});

describe('another process', () => {
  it('hears of rows and states, and counts the same', async () => {
    const [one, other] = [await start(), await start()];
    const before = other.revisions.of(['cluster']);
    const others = other.revisions.data(['project']);
    await one.sync('east');
    const after = one.revisions.of(['cluster']);
    expect(after).toBeGreaterThan(before);
    await until(() => other.revisions.of(['cluster']) === after);
    expect(other.revisions.data(['project'])).toBe(others);
    expect(stateOf(other)).toEqual(stateOf(one));

    const rows = one.revisions.data(['cluster']);
    await one.inventory.observe(connection, 'cluster', cluster('c', { version: '2' }));
    expect(one.revisions.data(['cluster'])).toBe(rows + 1);
    await until(() => other.revisions.data(['cluster']) === rows + 1);
    await one.inventory.observe(connection, 'cluster', cluster('c', { version: '2' }));
    upstream.put('cluster', cluster('c', { version: '2' }));
    await one.sync('east');
    expect(one.revisions.data(['cluster'])).toBe(rows + 1);
    const late = await start();
    expect(late.revisions.of(['cluster'])).toBe(one.revisions.of(['cluster']));
  });

  it('trusts nothing while it cannot hear, and knows what it missed when it can again', async () => {
    const [one, other] = [await start(), await start()];
    await until(() => other.revisions.trusted && one.revisions.trusted);
    let end = false;
    const seen: boolean[] = [];
    const watching = (async () => {
      while (!end) {
        if (seen.at(-1) !== other.revisions.trusted) seen.push(other.revisions.trusted);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    })();
    await one.rows(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'fleetgate inventory feed' AND datname = current_database()`);
    await one.inventory.observe(connection, 'cluster', cluster('missed'));
    await until(() => seen.length >= 3);
    end = true;
    await watching;
    expect(seen).toEqual([true, false, true]);
    expect(other.revisions.data(['cluster'])).toBe(one.revisions.data(['cluster']));
    await one.inventory.observe(connection, 'cluster', cluster('heard'));
    await until(() => other.revisions.data(['cluster']) === one.revisions.data(['cluster']));
  });
});

describe('a refresh', () => {
  it('waits until another process has synced what is too old, and asks for nothing that is not', async () => {
    const [api, worker] = [await start(), await start()];
    await worker.sync('east');
    await until(() => stateOf(api)?.state === 'fresh');
    const asked: string[] = [];
    worker.feed.onRequest((slug) => {
      asked.push(slug);
      void worker.walker.run(connection, new AbortController().signal);
    });
    upstream.put('cluster', cluster('new'));
    await api.sources.refresh(['east'], 3_600_000, AbortSignal.timeout(20_000));
    expect(asked).toEqual([]);
    await api.sources.refresh(['east', 'unknown'], 0, AbortSignal.timeout(20_000));
    expect(asked).toEqual(['east']);
    expect(await api.names('cluster')).toEqual(['c', 'new']);
  });

  it('does not wait longer than it is let, nor for what is failing at its own pace', async () => {
    const api = await start();
    await api.sources.refresh(['east'], 0, AbortSignal.timeout(50));
    upstream.beforePage = () => {
      throw new Fault('rate_limited', 'slow down', { retryAfterMs: 60_000 });
    };
    await api.sync('east');
    await api.sources.refresh(['east'], 0, new AbortController().signal);
    expect(stateOf(api)?.state).toBe('failing');
  });
});

describe('a connection that left the configuration', () => {
  it('is not shown any more, and is removed with all that belongs to it', async () => {
    const west = new Upstream(['project', 'cluster']);
    west.put('cluster', ...count(0, 30).map((n) => cluster(`w${n}`)));
    const before = await start([connection, west.connection('west')]);
    await before.sync('east');
    await before.sync('west');
    await before.inventory.vanish(west.connection('west'), 'cluster', ['w0']);
    await before.stop();
    started.pop();

    const after = await start();
    expect(await after.names('cluster')).toEqual(['c']);
    expect((await after.list('cluster', { connections: ['west'] })).total).toBe(0);
    await after.upkeep.run(new AbortController().signal);
    expect(await after.names('cluster')).toEqual(['c']);
    for (const table of ['resource', 'resource_count', 'outbox', 'sync_state', 'sync_kind']) {
      expect([table, await after.rows(`SELECT DISTINCT connection FROM ${table}`)]).toEqual([
        table,
        [{ connection: 'east' }],
      ]);
    }
  });

  it('or came back with another provider, begins from nothing', async () => {
    const before = await start();
    await before.sync('east');
    await before.stop();
    started.pop();
    const other = new Upstream(['project', 'cluster']);
    other.put('cluster', cluster('other'));
    const after = await start([other.connection('east', { providerId: 'other' })]);
    expect(await after.names('cluster')).toEqual([]);
    await after.sync('east'); // not before what was there is gone
    expect(other.lists).toEqual([]);
    await after.upkeep.run(new AbortController().signal);
    await after.sync('east');
    expect(await after.names('cluster')).toEqual(['other']);
    expect(stateOf(after)).toMatchObject({ state: 'fresh', provider: 'other' });
  });

  it('stays as long as another process is syncing it', async () => {
    const west = new Upstream(['cluster']);
    west.put('cluster', cluster('w'));
    const has = await start([connection, west.connection('west')]);
    const lacks = await start();
    west.beforePage = () => lacks.upkeep.run(new AbortController().signal);
    await has.sync('west');
    expect(await has.names('cluster')).toEqual(['w']);
  });
});

it('forgets events, gone rows and pages of dead walks when they are old', async () => {
  const process = await start();
  await process.sync('east');
  await process.inventory.observe(connection, 'project', project('p'));
  await process.inventory.vanish(connection, 'project', ['p']);
  await new Sequencer(process.database).append();
  await process.rows(`INSERT INTO sync_seen VALUES (999999, 1, '{1,2}')`);
  await process.upkeep.run(new AbortController().signal);
  const counted = async () =>
    process.rows('SELECT (SELECT count(*) FROM event) AS events, (SELECT count(*) FROM resource) AS rows');
  expect(await process.rows('SELECT 1 FROM sync_seen')).toEqual([]);
  expect(await counted()).toEqual([{ events: 3, rows: 2 }]);
  await process.rows(`UPDATE event SET at = at - interval '8 days' WHERE type = 'project.created'`);
  await process.rows(`UPDATE resource SET gone_at = gone_at - interval '8 days'`);
  await process.upkeep.run(new AbortController().signal);
  expect(await counted()).toEqual([{ events: 2, rows: 1 }]);
});
