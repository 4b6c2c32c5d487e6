import { type AnyRecord, encodeId, type Kind, kinds, statuses } from '@fleetgate/model';
import type { Connection } from '../../src/connections/connection.ts';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';
import { chance, pick } from './chance.ts';
import { Process } from './process.ts';
import { cluster, connectionsOf, count, deployment, project, release, Upstream } from './upstream.ts';

const random = chance(7);
const kept = ['project', 'cluster', 'deployment', 'release'] as const;

let database: TestDatabase;
let process: Process;
let upstreams: Map<string, Upstream>;
let connections: Connection[];

beforeAll(async () => {
  database = await createTestDatabase();
  upstreams = new Map(['east', 'west'].map((slug) => [slug, new Upstream(kept)]));
  connections = [...upstreams].map(([slug, upstream]) =>
    upstream.connection(slug, { team: slug === 'east' ? 'red' : null }),
  );
  process = await Process.start(database, connectionsOf(...connections));
});

afterAll(async () => {
  await process.stop();
  await database.drop();
});

function anyRecord(kind: Kind): AnyRecord {
  const key = `${kind}${Math.floor(random() * 40)}`;
  const near = () => String(Math.floor(random() * 6));
  const common = {
    labels: Object.fromEntries(['a', 'b', 'c'].filter(() => random() < 0.4).map((name) => [name, near()])),
    updated_at:
      random() < 0.2
        ? null
        : new Date(Date.UTC(2026, 0, 1) + Math.floor(random() * 200) * 1_800_000).toISOString(),
    created_at:
      random() < 0.2 ? null : new Date(Date.UTC(2025, 0, 1) + Math.floor(random() * 1e9)).toISOString(),
  };
  switch (kind) {
    case 'project':
      return project(key, { ...common, team: random() < 0.5 ? null : { id: `team${near()}`, name: null } });
    case 'deployment':
      return deployment(key, {
        ...common,
        status: pick(random, statuses.deployment),
        project_key: random() < 0.3 ? null : [`project${near()}`],
        target: random() < 0.3 ? null : { kind: 'cluster', key: [`cluster${near()}`], name: null },
      });
    case 'release':
      return release(key, `deployment${near()}`, { ...common, status: pick(random, statuses.release) });
    default:
      return cluster(key, {
        ...common,
        status: pick(random, statuses.cluster),
        project_key: random() < 0.3 ? null : [`project${near()}`],
        usage: { cpu_percent: Math.floor(random() * 100), memory_percent: null, storage_percent: null },
      });
  }
}

/** The counters as they would be if they were counted. */
const recount = `SELECT kind, facet, value, connection, count(*) AS n FROM resource CROSS JOIN LATERAL (
    VALUES ('all', ''), ('status', status), ('team', team), ('parent', parent_id), ('target', target_id),
      ('day', CASE WHEN isfinite(updated_at) THEN to_char(updated_at, 'YYYY-MM-DD') END),
      ('hour', CASE WHEN isfinite(updated_at) THEN to_char(updated_at, 'YYYY-MM-DD"T"HH24') END)
    UNION ALL SELECT 'label', label FROM unnest(labels) label) f(facet, value)
  WHERE gone_at IS NULL AND value IS NOT NULL GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`;

/** What lists show: everything of a row that callers can see, by id. */
async function shown() {
  const found = new Map<string, unknown>();
  for (const kind of kinds) {
    let step = await process.list(kind);
    for (;;) {
      for (const { observed_at: _, ...rest } of step.data) found.set(rest.id, rest);
      if (!step.more || !step.last) break;
      step = await process.list(kind, { from: { after: step.last } });
    }
  }
  return found;
}

it('keeps every counter equal to what there is, over two thousand changes of every sort', async () => {
  const live = new Map<string, AnyRecord>();
  for (const step of count(0, 2000)) {
    const connection = pick(random, connections);
    const upstream = upstreams.get(connection.slug) as Upstream;
    const kind = pick(random, kept);
    const record = anyRecord(kind);
    const id = encodeId(kind, connection.slug, record.key);
    const chanced = random();
    if (chanced < 0.55) {
      upstream.put(kind, record);
      await process.inventory.observe(connection, kind, record);
      live.set(id, record);
    } else if (chanced < 0.7) {
      upstream.remove(kind, record.key);
      await process.inventory.vanish(connection, kind, record.key);
      live.delete(id);
    } else if (chanced < 0.97) {
      // Changes that only the next sync finds.
      if (random() < 0.6) upstream.put(kind, record);
      else upstream.remove(kind, record.key);
    } else {
      await process.sync(connection.slug, { confirm: true });
      for (const one of [...live.keys()]) if (belongs(one, connection.slug)) live.delete(one);
      for (const each of kept) {
        for (const held of upstream.of(each).values())
          live.set(encodeId(each, connection.slug, held.key), held);
      }
    }
    if (step % 200 === 199) {
      const counted = await process.rows(recount);
      expect(
        await process.rows(
          'SELECT kind, facet, value, connection, n FROM resource_count ORDER BY 1, 2, 3, 4',
        ),
      ).toEqual(counted);
      const found = await shown();
      expect([...found.keys()].toSorted()).toEqual([...live.keys()].toSorted());
      for (const [each, held] of live)
        expect(found.get(each)).toMatchObject({ name: held.name, labels: held.labels });
    }
  }
}, 120_000);

const belongs = (id: string, slug: string) =>
  Buffer.from(id.slice(id.indexOf('_') + 1), 'base64url')
    .toString()
    .startsWith(`${slug}/`);

it('survives many writers of the same rows at once', async () => {
  await Promise.all(
    count(0, 200).map(async (n) => {
      const connection = pick(random, connections);
      const kind = pick(random, kept);
      const record = anyRecord(kind);
      if (n % 4 === 3) await process.inventory.vanish(connection, kind, record.key);
      else if (n % 50 === 0) await process.sync(connection.slug);
      else await process.inventory.observe(connection, kind, record);
    }),
  );
  expect(
    await process.rows('SELECT kind, facet, value, connection, n FROM resource_count ORDER BY 1, 2, 3, 4'),
  ).toEqual(await process.rows(recount));
});
