import { Fault } from '@fleetgate/model';
import type { Connection } from '../../src/connections/connection.ts';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';
import { Process, until } from './process.ts';
import { cluster, connectionsOf, count, Upstream } from './upstream.ts';

let database: TestDatabase;
let started: Process[];

beforeEach(async () => {
  database = await createTestDatabase();
  started = [];
});

afterEach(async () => {
  for (const one of started) await one.stop();
  await database.drop();
});

async function start(...connections: Connection[]): Promise<Process> {
  const process = await Process.start(database, connectionsOf(...connections), { sync: { leaseMs: 1_000 } });
  started.push(process);
  return process;
}

function upstreamOf(size: number): Upstream {
  const upstream = new Upstream(['cluster']);
  upstream.put('cluster', ...count(0, size).map((n) => cluster(`c${String(n).padStart(3, '0')}`)));
  return upstream;
}

const stateOf = (process: Process, slug: string) => process.sources.of('cluster', [slug])[0]?.state;

it('syncs every connection at its interval, whatever the others do, and recovers by itself', async () => {
  const [good, down, hanging] = [upstreamOf(5), upstreamOf(5), upstreamOf(5)];
  down.beforePage = () => {
    throw new Fault('unavailable', 'refused');
  };
  hanging.beforePage = (_, __, signal) =>
    new Promise((_resolve, reject) =>
      signal.addEventListener('abort', () => reject(new Fault('timeout', 'hangs'))),
    );
  const process = await start(
    good.connection('good', { syncIntervalMs: 300 }),
    down.connection('down'),
    hanging.connection('hanging'),
  );
  await process.jobs.start();
  await until(() => good.lists.length >= 3);
  await until(() => stateOf(process, 'down') === 'failing');
  expect(stateOf(process, 'good')).toBe('fresh');
  expect(stateOf(process, 'hanging')).toBe('never_synced');
  down.beforePage = () => {};
  await until(() => stateOf(process, 'down') === 'fresh');
  expect((await process.list('cluster')).total).toBe(10);
});

it('begins as soon as anybody asks, in a process that only answers as well', async () => {
  const upstream = upstreamOf(5);
  const [api, worker] = [await start(upstream.connection('east')), await start(upstream.connection('east'))];
  await worker.jobs.start();
  await until(() => stateOf(api, 'east') === 'fresh');
  upstream.put('cluster', cluster('new'));
  await api.sources.refresh(['east'], 0, AbortSignal.timeout(20_000));
  expect(await api.names('cluster')).toContain('new');
});

it('hands over at once when it is stopped, and goes on after a process that died', async () => {
  const upstream = upstreamOf(60);
  const first = await start(upstream.connection('east'));
  const second = await start(upstream.connection('east'));
  let reached = () => {};
  const third = new Promise<void>((resolve) => {
    reached = resolve;
  });
  upstream.beforePage = async (_, page) => {
    if (page === 3) reached();
    if (page >= 3) await new Promise((resolve) => setTimeout(resolve, 50));
  };
  await first.jobs.start();
  await third;
  await first.jobs.stop();
  const [lease] = await first.rows('SELECT lease_until FROM sync_state');
  expect(lease).toEqual({ lease_until: null });
  upstream.lists.length = 0;
  await second.jobs.start();
  await until(() => stateOf(second, 'east') === 'fresh');
  expect(upstream.lists[0]).not.toBe('cluster 0');
  expect((await second.list('cluster')).total).toBe(60);
});

it('starts in several processes at once', async () => {
  const upstream = upstreamOf(5);
  const processes = await Promise.all(count(0, 3).map(() => start(upstream.connection('east'))));
  await Promise.all(processes.map((process) => process.jobs.start()));
  for (const process of processes) await until(() => stateOf(process, 'east') === 'fresh');
});
