import { type Kind, statuses } from '@fleetgate/model';
import type { Connection } from '../../src/connections/connection.ts';
import type { ListQuery } from '../../src/inventory/inventory.ts';
import type { Plan } from '../../src/inventory/list-plan.ts';
import { filtersOf } from '../../src/inventory/list-query.ts';
import { type PageRow, pageStatement } from '../../src/inventory/list-statement.ts';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';
import { chance, pick } from './chance.ts';
import { type Entry, entryOf, listOf } from './model-list.ts';
import { Process } from './process.ts';
import { cluster, connectionsOf, count, deployment, project, Upstream } from './upstream.ts';

const random = chance(20261121);
const names = [
  'Web',
  'web',
  'api',
  'Zebra',
  'été',
  'ÅNGSTRÖM',
  '日本語',
  '50%_off',
  'a_b',
  'a%b',
  'back\\slash',
  `o'brien "q"`,
  '🚀 rocket',
  'x',
];
const teams = [null, 'red', 'blue'];
const instants = [
  null,
  ...count(0, 40).map((n) =>
    new Date(Date.UTC(2026, 0, 1) + n * 7 * 3_600_000 + (n % 7) * 61_003).toISOString(),
  ),
];
const searches = [
  'web',
  'WEB1',
  'é',
  '%',
  '_',
  '50%',
  'a_b',
  '\\',
  '語',
  '🚀',
  '"q"',
  'x',
  'ö',
  'nothing at all',
];
const labelValues = ['prod', 'dev', 'a:b', '"quoted"', 'back\\slash', '{brace}', 'ü', ''];

let database: TestDatabase;
let process: Process;
const entries = new Map<Kind, Entry[]>([
  ['cluster', []],
  ['deployment', []],
]);

beforeAll(async () => {
  database = await createTestDatabase();
  const sizes = { alpha: 120, beta: 60, gamma: 7, delta: 0 };
  const upstreams = Object.entries(sizes).map(([slug, size]) => {
    const upstream = new Upstream(['project', 'cluster', 'deployment']);
    const team = pick(random, teams);
    upstream.pageSize = 50;
    upstream.put('project', ...count(0, 4).map((n) => project(`p${n}`)));
    for (const n of count(0, size)) {
      const common = {
        name: `${pick(random, names)}${random() < 0.5 ? '' : Math.floor(random() * 30)}`,
        labels: Object.fromEntries(
          ['env', 'tier', 'weird key']
            .filter(() => random() < 0.5)
            .map((key) => [key, pick(random, labelValues)]),
        ),
        created_at: pick(random, instants),
        updated_at: pick(random, instants),
        project_key: random() < 0.3 ? null : [`p${Math.floor(random() * 4)}`],
      };
      const kindOfTarget = pick(random, ['cluster', 'cluster_group'] as const);
      const target =
        random() < 0.3 ? null : { kind: kindOfTarget, key: [`c${Math.floor(random() * 5)}`], name: null };
      const records = {
        cluster: cluster(`c${n}`, { ...common, status: pick(random, statuses.cluster) }),
        deployment: deployment(`d${n}`, { ...common, target, status: pick(random, statuses.deployment) }),
      };
      for (const kind of ['cluster', 'deployment'] as const) {
        upstream.put(kind, records[kind]);
        entries.get(kind)?.push(entryOf(slug, team, kind, records[kind]));
      }
    }
    return upstream.connection(slug, { team });
  });
  process = await Process.start(database, connectionsOf(...upstreams));
  for (const slug of Object.keys(sizes)) await process.sync(slug);
});

afterAll(async () => {
  await process.stop();
  await database.drop();
});

function anyQuery(kind: Kind): ListQuery {
  const some = <T>(share: number, value: () => T): T[] => (random() < share ? [value()] : []);
  const place = pick(random, entries.get(kind) as Entry[]);
  const key = () => Math.floor(random() * 5);
  const [connections] = some(0.4, () =>
    ['alpha', 'beta', 'gamma', 'delta', 'unknown'].filter(() => random() < 0.5),
  );
  const [status] = some(0.25, () => pick(random, statuses[kind]));
  const [team] = some(0.2, () => pick(random, ['red', 'blue', 'none']));
  const [parent] = some(0.2, () => idOf('project', place, `p${key()}`));
  const [target] = some(kind === 'deployment' ? 0.2 : 0, () =>
    idOf(pick(random, ['cluster', 'cluster_group']), place, `c${key()}`),
  );
  const [q] = some(0.25, () => pick(random, searches));
  const [updatedSince] = some(0.25, () => pick(random, instants) ?? '2026-01-03T10:30:00.000Z');
  return {
    kind,
    ...(connections && { connections }),
    ...(status && { status }),
    ...(team && { team }),
    ...(parent && { parent }),
    ...(target && { target }),
    ...(q && { q }),
    ...(updatedSince && { updatedSince }),
    labels: ['env', 'tier']
      .filter(() => random() < 0.2)
      .map((key) => ({ key, value: pick(random, labelValues) })),
    sort: { field: pick(random, ['name', 'created_at', 'updated_at'] as const), descending: random() < 0.5 },
    limit: pick(random, [1, 3, 10, 100]),
    from: { page: 1 },
    native: false,
  };
}

function idOf(kind: Kind, { connection }: Entry, key: string): string {
  return entryOf(connection, null, kind, cluster(key)).id;
}

const idsOf = (list: readonly Entry[]) => list.map(({ id }) => id);
const ids = (rows: readonly string[]) => rows.map((row) => (JSON.parse(row) as { id: string }).id);

it('gives what a plain filter and sort of everything gives, page by page, from both ends, and by cursor', async () => {
  for (const _ of count(0, 250)) {
    const query = anyQuery(pick(random, ['cluster', 'deployment'] as const));
    const expected = listOf(query.kind, entries.get(query.kind) as Entry[], query);
    const pages = Math.ceil(expected.length / query.limit);
    for (const page of new Set([1, 2, Math.ceil(pages / 2), pages, pages + 1].filter((n) => n > 0))) {
      const found = await process.inventory.list({ ...query, from: { page } });
      const from = (page - 1) * query.limit;
      expect([query, page, found.total, ids(found.rows)]).toEqual([
        query,
        page,
        expected.length,
        idsOf(expected.slice(from, from + query.limit)),
      ]);
      expect(found.more).toBe(from + query.limit < expected.length);
    }
    const walked: string[] = [];
    let step = await process.inventory.list(query);
    walked.push(...ids(step.rows));
    while (step.more && step.last && walked.length < 40) {
      step = await process.inventory.list({ ...query, from: { after: step.last } });
      expect(step.total).toBe(expected.length);
      walked.push(...ids(step.rows));
    }
    expect(walked).toEqual(idsOf(expected.slice(0, walked.length)));
    if (!step.more) expect(walked).toHaveLength(expected.length);
  }
});

it('gives the same by every plan there is', async () => {
  for (const _ of count(0, 120)) {
    const query = { ...anyQuery(pick(random, ['cluster', 'deployment'] as const)), limit: 5 };
    const expected = listOf(query.kind, entries.get(query.kind) as Entry[], query);
    const sorts = { name: ['status', 'team'], created_at: ['parent', 'target'], updated_at: [] as string[] };
    const plans: Plan[] = [
      { how: 'walk', along: 'kind' },
      ...(query.connections
        ? ([
            { how: 'walk', along: 'connections' },
            { how: 'gather', by: 'connections' },
          ] as const)
        : []),
      ...filtersOf(query).flatMap((filter): Plan[] => [
        { how: 'gather', by: filter },
        ...(sorts[query.sort.field].includes(filter.facet)
          ? ([{ how: 'walk', along: filter }] as const)
          : []),
      ]),
    ];
    const offset = Math.floor(random() * expected.length);
    for (const plan of plans) {
      for (const backwards of [false, true]) {
        const rows = await process.database.tuples<PageRow>(
          pageStatement(query, plan, { offset, limit: 5, backwards }),
        );
        const ordered = backwards ? expected.toReversed() : expected;
        expect([query, plan, backwards, rows.map(([id]) => id)]).toEqual([
          query,
          plan,
          backwards,
          idsOf(ordered.slice(offset, offset + 5)),
        ]);
      }
    }
  }
});

it('refuses a position that no such list gives, and finds nothing by what cannot be', async () => {
  const sort = { field: 'created_at', descending: false } as const;
  for (const value of ['yesterday', '\0', '', '2026-13-45T00:00:00.000Z']) {
    await expect(
      process.list('cluster', { sort, from: { after: { value, id: 'x' } } }),
    ).rejects.toMatchObject({ code: 'invalid', field: 'cursor' });
  }
  await expect(process.list('cluster', { from: { after: { value: 'a\0', id: 'x' } } })).rejects.toMatchObject(
    { code: 'invalid', field: 'cursor' },
  );
  for (const query of [
    { q: '\0' },
    { status: '\0' },
    { team: 'a\0' },
    { parent: '\0' },
    { connections: ['\0'] },
    { labels: [{ key: '\0', value: '\ud800' }] },
    { q: '\ud800' },
    { parent: 'x'.repeat(5000) },
  ]) {
    expect(await process.list('cluster', query)).toMatchObject({ total: 0, rows: [], more: false });
  }
});

it('walks by cursor without doubling or losing a row that stays, while others come, go and change', async () => {
  const upstream = new Upstream(['cluster']);
  const other = await createTestDatabase();
  const place = connectionsOf(upstream.connection('east'));
  const walker = await Process.start(other, place);
  const writer = await Process.start(other, place);
  try {
    const stays = count(0, 200).map((n) =>
      cluster(`stay-${n}`, { name: `n${String(n * 5).padStart(4, '0')}` }),
    );
    upstream.pageSize = 100;
    upstream.put('cluster', ...stays);
    await writer.sync('east');
    const connection = place.all()[0] as Connection;
    const seen: string[] = [];
    let step = await walker.list('cluster', { limit: 7 });
    for (let round = 0; ; round += 1) {
      seen.push(...step.data.map(({ name }) => name));
      if (!step.more || !step.last) break;
      const name = `n${String(Math.floor(random() * 1000)).padStart(4, '0')}x`;
      await writer.inventory.observe(connection, 'cluster', cluster(`come-${round}`, { name }));
      await writer.inventory.observe(
        connection,
        'cluster',
        cluster(`stay-${round}`, { ...stays[round], version: `${round}` }),
      );
      if (round > 3) await writer.inventory.vanish(connection, 'cluster', [`come-${round - 3}`]);
      step = await walker.list('cluster', { limit: 7, from: { after: step.last } });
    }
    const staying = seen.filter((name) => !name.endsWith('x'));
    expect(staying).toEqual(stays.map(({ name }) => name));
    expect(new Set(seen).size).toBe(seen.length);
  } finally {
    await walker.stop();
    await writer.stop();
    await other.drop();
  }
});
