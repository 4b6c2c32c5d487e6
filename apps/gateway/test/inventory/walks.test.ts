import { Fault } from '@fleetgate/model';
import type { Connection } from '../../src/connections/connection.ts';
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
  connection = upstream.connection('east');
  started = [];
});

afterEach(async () => {
  for (const one of started) await one.stop();
  await database.drop();
});

async function start(options: ProcessOptions = {}): Promise<Process> {
  const process = await Process.start(database, connectionsOf(connection), options);
  started.push(process);
  return process;
}

const nameOf = (n: number) => `c${String(n).padStart(3, '0')}`;
const clusters = (from: number, to: number) => count(from, to).map((n) => cluster(nameOf(n)));
const names = (from: number, to: number) => count(from, to).map(nameOf);
const stateOf = (process: Process) => process.sources.of('cluster', ['east'])[0];

class Death extends Error {}

/** Runs a sync whose process dies when the given page is asked for: nothing of it is written from then on. */
async function dieAt(process: Process, page: number): Promise<void> {
  const asked = new Promise<void>((resolve) => {
    upstream.beforePage = async (kind, at, signal) => {
      if (kind !== 'cluster' || at !== page) return;
      resolve();
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Death())));
    };
  });
  const run = process.sync('east');
  await asked;
  await until(async () => {
    const [row] = await process.rows<{ pages: number }>(
      `SELECT walk_pages AS pages FROM sync_kind WHERE kind = 'cluster'`,
    );
    return row?.pages === page;
  });
  // Another process takes the lease over, as it does of one that is dead: what the first one still holds is worth nothing.
  await process.rows('UPDATE sync_state SET fence = fence + 1, lease_until = NULL, lease_owner = NULL');
  await process.sources.requestSync('east');
  await run;
  upstream.beforePage = () => {};
}

describe('a finished walk', () => {
  it('marks as gone what the upstream has no more, and brings back what comes again', async () => {
    const process = await start();
    upstream.put('cluster', ...clusters(0, 25));
    await process.sync('east');
    upstream.remove('cluster', [nameOf(3)]);
    upstream.remove('cluster', [nameOf(24)]);
    await process.sync('east');
    expect(await process.names('cluster')).toEqual(names(0, 24).filter((name) => name !== nameOf(3)));
    upstream.put('cluster', cluster(nameOf(3), { version: '2' }));
    await process.sync('east');
    expect(await process.names('cluster')).toEqual(names(0, 24));
    const events = await process.rows<{ kind: string; change: string }>(
      'SELECT kind, change FROM outbox ORDER BY seq',
    );
    // The first walk over everything tells of no row.
    expect(events.map(({ kind, change }) => `${kind} ${change}`)).toEqual([
      'connection synced',
      'cluster deleted',
      'cluster deleted',
      'cluster created',
    ]);
  });

  it('takes the last of an object that is listed twice, and is not disturbed by it', async () => {
    const process = await start();
    upstream.put('cluster', ...clusters(0, 12));
    const facet = connection.provider.clusters as NonNullable<Connection['provider']['clusters']>;
    const twice: Connection = {
      ...connection,
      provider: {
        ...connection.provider,
        clusters: {
          ...facet,
          list: async (input, call) => {
            const page = await facet.list(input, call);
            return {
              ...page,
              items: [...page.items, cluster(nameOf(0), { version: 'again' }), ...page.items.slice(0, 1)],
            };
          },
        },
      },
    };
    await process.walker.run(twice, new AbortController().signal);
    const { data } = await process.list('cluster');
    expect(data.map(({ name }) => name)).toEqual(names(0, 12));
    expect(data[0]).toMatchObject({ version: 'again' });
  });

  it('does not touch what was read or written since the walk asked for it', async () => {
    const process = await start();
    upstream.put('cluster', ...clusters(0, 25));
    await process.sync('east');
    upstream.beforePage = async (kind, page) => {
      if (kind !== 'cluster' || page !== 2) return;
      await process.inventory.observe(connection, 'cluster', cluster(nameOf(0), { version: 'newer' }));
      await process.inventory.observe(connection, 'cluster', cluster('new', { version: 'made since' }));
      await process.inventory.vanish(connection, 'cluster', [nameOf(20)]);
    };
    // The pages that were asked for before that still show what was then.
    await process.sync('east');
    const { data } = await process.list('cluster');
    expect(data.map(({ name }) => name)).toEqual([...names(0, 20), ...names(21, 25), 'new']);
    expect(data[0]).toMatchObject({ version: 'newer' });
  });
});

describe('a walk that misses more than half', () => {
  beforeEach(() => upstream.put('cluster', ...clusters(0, 30)));

  it('is not believed until a second one in a row says the same', async () => {
    const process = await start();
    await process.sync('east');
    const { observed_at } = stateOf(process) ?? {};
    for (const n of count(5, 30)) upstream.remove('cluster', [nameOf(n)]);
    await process.sync('east');
    expect((await process.list('cluster')).total).toBe(30);
    expect(stateOf(process)).toMatchObject({
      state: 'failing',
      observed_at,
      error: { code: 'mass_deletion_suspected' },
    });
    await process.sync('east');
    expect(await process.names('cluster')).toEqual(names(0, 5));
    expect(stateOf(process)?.state).toBe('fresh');
  });

  it('is forgotten when the next one finds the rows again', async () => {
    const process = await start();
    await process.sync('east');
    for (const _ of count(0, 2)) {
      for (const n of count(5, 30)) upstream.hidden.add(nameOf(n));
      await process.sync('east');
      expect(stateOf(process)?.error?.code).toBe('mass_deletion_suspected');
      upstream.hidden.clear();
      await process.sync('east');
      expect(stateOf(process)?.state).toBe('fresh');
    }
    expect(await process.names('cluster')).toEqual(names(0, 30));
    expect(await process.rows(`SELECT 1 FROM outbox WHERE change = 'deleted'`)).toEqual([]);
  });

  it('is believed at once when that was asked for', async () => {
    const process = await start();
    await process.sync('east');
    upstream.of('cluster').clear();
    await process.sync('east', { confirm: true });
    expect((await process.list('cluster')).total).toBe(0);
    upstream.put('cluster', ...clusters(0, 30));
    await process.sync('east');
    upstream.of('cluster').clear();
    await process.sync('east'); // the permission was for one sync
    expect((await process.list('cluster')).total).toBe(30);
  });

  it('is believed where it is about ten rows or fewer', async () => {
    const process = await start();
    upstream.of('cluster').clear();
    upstream.put('cluster', ...clusters(0, 10));
    await process.sync('east');
    upstream.of('cluster').clear();
    await process.sync('east');
    expect((await process.list('cluster')).total).toBe(0);
  });
});

describe('a walk that was shifted', () => {
  it('asks for each row that it missed, and removes only those that are gone', async () => {
    const process = await start();
    upstream.put('cluster', ...clusters(0, 30));
    await process.sync('east');
    upstream.shifted = true;
    for (const n of [4, 5, 6]) upstream.hidden.add(nameOf(n));
    upstream.remove('cluster', [nameOf(6)]);
    upstream.beforeGet = (_, [key]) => {
      if (key === nameOf(5)) throw new Fault('unavailable', 'no answer');
    };
    await process.sync('east');
    expect(await process.names('cluster')).toEqual(names(0, 30).filter((name) => name !== nameOf(6)));
    expect(upstream.gets).toHaveLength(3);
  });

  it('asks for a hundred at most, and leaves the rest to the next walk', async () => {
    const process = await start();
    upstream.put('cluster', ...clusters(0, 150));
    await process.sync('east');
    upstream.shifted = true;
    upstream.of('cluster').clear();
    const before = stateOf(process)?.observed_at;
    await process.sync('east');
    expect((await process.list('cluster')).total).toBe(50);
    expect(stateOf(process)).toMatchObject({ state: 'fresh', observed_at: before });
    await process.sync('east');
    expect((await process.list('cluster')).total).toBe(0);
  });
});

describe('a walk that broke off', () => {
  it('removes nothing, keeps its error to its own kind, and goes on from its last page', async () => {
    const process = await start();
    upstream.put('project', project('p'));
    upstream.put('cluster', ...clusters(0, 45));
    await process.sync('east');
    upstream.remove('cluster', [nameOf(1)]);
    upstream.put('project', project('q'));
    upstream.beforePage = (kind, page) => {
      if (kind === 'cluster' && page === 3) throw new Fault('unavailable', 'reset by peer');
    };
    await process.sync('east');
    expect((await process.list('cluster')).total).toBe(45);
    expect(stateOf(process)).toMatchObject({
      state: 'failing',
      error: { code: 'upstream_unavailable', message: 'reset by peer' },
    });
    expect(process.sources.of('project', ['east'])[0]?.state).toBe('fresh');
    expect(await process.names('project')).toEqual(['p', 'q']);

    upstream.lists.length = 0;
    upstream.beforePage = () => {};
    await process.sync('east');
    expect(upstream.lists.filter((line) => line.startsWith('cluster'))).toEqual(['cluster 30', 'cluster 40']);
    expect(await process.names('cluster')).toEqual(names(0, 45).filter((name) => name !== nameOf(1)));
    expect(stateOf(process)?.state).toBe('fresh');
    expect(await process.rows('SELECT 1 FROM sync_seen')).toEqual([]);
  });

  it('begins anew when the upstream has forgotten where it was', async () => {
    const process = await start();
    upstream.put('cluster', ...clusters(0, 30));
    upstream.beforePage = (kind, page) => {
      if (kind === 'cluster' && page === 2) throw new Fault('timeout', 'too slow');
    };
    await process.sync('east');
    let refusals = 0;
    upstream.beforePage = (kind, page) => {
      if (kind === 'cluster' && page === 2 && refusals++ === 0)
        throw new Fault('invalid', 'expired', { field: 'cursor' });
    };
    await process.sync('east');
    expect(await process.names('cluster')).toEqual(names(0, 30));
    expect(stateOf(process)?.state).toBe('fresh');
  });

  it('fails the page whose record does not fit, and names the field', async () => {
    const process = await start();
    upstream.put('cluster', ...clusters(0, 12), cluster('bad', { node_count: -1 }));
    await process.sync('east');
    expect(stateOf(process)?.error).toMatchObject({
      code: 'upstream_error',
      message: expect.stringContaining('node_count'),
    });
    expect(await process.names('cluster')).toEqual(names(0, 10));
  });

  it('is the connection’s own trouble when the provider throws what is no fault', async () => {
    const process = await start();
    upstream.beforePage = () => {
      throw new TypeError('undefined is not a function');
    };
    await process.sync('east');
    expect(stateOf(process)).toMatchObject({ state: 'failing', error: { code: 'upstream_error' } });
  });

  it('waits longer after each failure, and as long as the upstream said', async () => {
    const process = await start({
      timing: { clock: { now: Date.now, sleep: async () => {} }, random: () => 0.5 },
    });
    const wait = async () => {
      const [row] = await process.rows<{ seconds: number }>(
        `SELECT date_part('epoch', due_at - now()) AS seconds FROM sync_kind WHERE kind = 'cluster'`,
      );
      return row?.seconds ?? 0;
    };
    const waits: number[] = [];
    upstream.beforePage = () => {
      throw new Fault('unavailable', 'down');
    };
    for (const _ of count(0, 12)) {
      await process.sync('east');
      waits.push(Math.round(await wait()));
    }
    expect(waits).toEqual(waits.toSorted((a, b) => a - b));
    expect(waits.at(-1)).toBeLessThanOrEqual(300);
    expect(waits.at(-1)).toBeGreaterThan(100);

    upstream.beforePage = () => {
      throw new Fault('rate_limited', 'slow down', { retryAfterMs: 3_600_000 });
    };
    await process.sync('east');
    expect(await wait()).toBeGreaterThan(3_500);
    upstream.lists.length = 0;
    await process.sync('east'); // asked for by somebody, and still not before that time
    expect(upstream.lists).toEqual([]);
  });
});

describe('a process that dies', () => {
  it('at any page, leaves a walk that the next one finishes, with no row doubled or lost', async () => {
    for (const page of count(0, 5)) {
      upstream.of('cluster').clear();
      upstream.put('cluster', ...clusters(0, 45));
      const first = await start({ sync: { leaseMs: 1_000 } });
      await first.sync('east', { confirm: true });
      upstream.put('cluster', ...clusters(45, 48).map((one) => ({ ...one, version: `v${page}` })));
      upstream.remove('cluster', [nameOf(44)]);
      await dieAt(first, page);

      upstream.lists.length = 0;
      const second = await start();
      await second.sync('east');
      const begun = upstream.lists.filter((line) => line.startsWith('cluster'))[0];
      expect(begun).toBe(`cluster ${page * 10}`);
      expect(await second.names('cluster')).toEqual([...names(0, 44), ...names(45, 48)]);
      const [doubles] = await second.rows<{ n: number }>(
        'SELECT count(*) - count(DISTINCT id) AS n FROM resource',
      );
      expect(doubles?.n).toBe(0);
      for (const n of count(45, 48)) upstream.remove('cluster', [nameOf(n)]);
      await second.sync('east');
    }
  });

  it('holds others up no longer than its lease lasts', async () => {
    const first = await start({ sync: { leaseMs: 300 } });
    const second = await start({ sync: { leaseMs: 300 } });
    upstream.put('cluster', ...clusters(0, 5));
    await first.rows(
      `UPDATE sync_state SET lease_owner = 'dead', lease_until = now() + interval '300 ms', fence = fence + 1`,
    );
    await second.sync('east');
    expect(upstream.lists).toEqual([]);
    await until(async () => {
      await second.sync('east');
      return upstream.lists.length > 0;
    });
    expect(await second.names('cluster')).toEqual(names(0, 5));
  });

  it('loses the lease to another, and writes nothing any more', async () => {
    const first = await start({ sync: { leaseMs: 1_000 } });
    const second = await start();
    upstream.put('cluster', ...clusters(0, 30));
    await dieAt(first, 1);
    expect(stateOf(first)?.state).toBe('never_synced');
    expect((await second.list('cluster')).total).toBe(10);
    await second.sync('east');
    expect((await second.list('cluster')).total).toBe(30);
  });
});

it('lets one of several processes sync a connection at a time', async () => {
  const processes = [await start(), await start(), await start()];
  upstream.put('cluster', ...clusters(0, 60));
  let under = 0;
  let most = 0;
  upstream.beforePage = async () => {
    under += 1;
    most = Math.max(most, under);
    await new Promise((resolve) => setTimeout(resolve, 2));
    under -= 1;
  };
  await Promise.all(processes.flatMap((process) => [process.sync('east'), process.sync('east')]));
  expect(most).toBe(1);
  expect(await processes[0]?.names('cluster')).toEqual(names(0, 60));
});

it('stores the page under way when it is stopped, gives the lease back, and another goes on at once', async () => {
  const first = await start();
  const second = await start();
  upstream.put('cluster', ...clusters(0, 60));
  const stopping = new AbortController();
  upstream.beforePage = (kind, page) => {
    if (kind === 'cluster' && page === 2) stopping.abort();
  };
  await first.sync('east', { stopping: stopping.signal });
  const stored = (await first.list('cluster')).total;
  expect(stored).toBeGreaterThanOrEqual(20);
  expect(stored).toBeLessThan(60);
  upstream.beforePage = () => {};
  upstream.lists.length = 0;
  await second.sync('east');
  expect(upstream.lists.filter((line) => line.startsWith('cluster'))[0]).toBe(`cluster ${stored}`);
  expect(await second.names('cluster')).toEqual(names(0, 60));
});

it('begins a walk anew rather than remove rows when a part of what it has seen is missing', async () => {
  const process = await start();
  upstream.put('cluster', ...clusters(0, 30));
  await process.sync('east');
  let broken = false;
  upstream.beforePage = async (kind, page) => {
    if (kind !== 'cluster' || page !== 2 || broken) return;
    broken = true;
    await until(
      async () => (await process.rows('DELETE FROM sync_seen WHERE page = 1 RETURNING page')).length > 0,
    );
  };
  await process.sync('east');
  expect(await process.names('cluster')).toEqual(names(0, 30));
  expect(upstream.lists.filter((line) => line === 'cluster 0')).toHaveLength(3);
  expect(await process.rows(`SELECT 1 FROM outbox WHERE kind = 'cluster'`)).toEqual([]);
});
