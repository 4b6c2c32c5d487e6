import { encodeId, type Kind, resourceSchemas } from '@fleetgate/model';
import type { Connection } from '../../src/connections/connection.ts';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';
import { Process, until } from './process.ts';
import { cluster, connectionsOf, count, deployment, project, release, Upstream } from './upstream.ts';

let database: TestDatabase;
let process: Process;
let upstream: Upstream;
let connection: Connection;

beforeEach(async () => {
  database = await createTestDatabase();
  upstream = new Upstream(['project', 'cluster', 'cluster_group', 'deployment', 'release']);
  connection = upstream.connection('east', { team: 'red' });
  process = await Process.start(database, connectionsOf(connection));
});

afterEach(async () => {
  await process.stop();
  await database.drop();
});

const id = (kind: Kind, key: string) => encodeId(kind, 'east', [key]);
const at = (day: number) => `2026-01-${String(day).padStart(2, '0')}T10:00:00.000Z`;

it('serves every kind as the model says', async () => {
  upstream.put(
    'project',
    project('p', { description: 'a project', labels: { b: '2', a: '1' } }),
    project('bare'),
  );
  upstream.put(
    'cluster',
    cluster('c', {
      project_key: ['p'],
      created_at: at(1),
      updated_at: at(2),
      capacity: { cpu_cores: 0.5, memory_bytes: Number.MAX_SAFE_INTEGER },
      usage: { cpu_percent: 12.5, memory_percent: null, storage_percent: 0 },
      last_seen_at: at(3),
    }),
  );
  upstream.put(
    'cluster_group',
    { ...groupOf('g'), cluster_keys: [['c']] },
    { ...groupOf('h'), cluster_keys: null },
  );
  upstream.put(
    'deployment',
    deployment('d1', {
      project_key: ['p'],
      created_at: at(1),
      target: { kind: 'cluster', key: ['c'], name: 'C' },
    }),
    deployment('d2', {
      project_key: ['p'],
      created_at: at(2),
      status: 'failed',
      latest_release: toldRelease('told', 5),
    }),
    deployment('d3', { latest_release: null }),
  );
  upstream.put(
    'release',
    release('r1', 'd1', { created_at: at(3) }),
    release('r2', 'd1', { created_at: at(2) }),
  );
  await process.sync('east');

  for (const kind of ['project', 'cluster', 'cluster_group', 'deployment', 'release'] as const) {
    const { data, rows } = await process.list(kind, { native: true });
    for (const one of data) expect(resourceSchemas[kind].strict().parse(one)).toEqual(one);
    const single = await process.inventory.get(data[0]?.id as string, true);
    expect(single?.text).toBe(rows[0]);
    expect((await process.list(kind)).data.every((one) => !('native' in one))).toBe(true);
  }
  const projects = (await process.list('project')).data;
  expect(projects.map(({ name, deployments, team }) => [name, deployments, team])).toEqual([
    ['bare', { total: 0, latest: null }, { id: 'red', name: null }],
    [
      'p',
      { total: 2, latest: { id: id('deployment', 'd2'), status: 'failed', created_at: at(2) } },
      { id: 'red', name: null },
    ],
  ]);
  const deployments = (await process.list('deployment')).data;
  expect(deployments.map(({ latest_release }) => latest_release)).toEqual([
    { id: id('release', 'r1'), status: 'success', created_at: at(3) },
    { id: id('release', 'told'), status: 'running', created_at: at(5) },
    null,
  ]);
  expect((await process.list('cluster')).data[0]).toMatchObject({ project_id: id('project', 'p') });
  expect((await process.list('cluster_group')).data[0]).toMatchObject({ cluster_ids: [id('cluster', 'c')] });
  expect((await process.list('deployment', { target: id('cluster', 'c') })).data).toHaveLength(1);

  await process.inventory.vanish(connection, 'release', ['r1']);
  await process.inventory.vanish(connection, 'deployment', ['d2']);
  expect((await process.list('deployment')).data[0]?.['latest_release']).toMatchObject({
    id: id('release', 'r2'),
  });
  expect((await process.list('project')).data[1]).toMatchObject({
    deployments: { total: 1, latest: { created_at: at(1) } },
  });
});

const groupOf = (key: string) => {
  const { key: parts, name, labels, native, native_status, created_at, updated_at } = project(key);
  return { key: parts, name, labels, native, native_status, created_at, updated_at, description: null };
};
const toldRelease = (key: string, day: number) => ({
  key: [key],
  status: 'running' as const,
  created_at: at(day),
});

it('writes no row of an upstream that did not change, and still knows how fresh it is', async () => {
  upstream.put('project', project('p'));
  upstream.put('cluster', ...count(0, 40).map((n) => cluster(`c${n}`)));
  await process.sync('east');
  const versions = () => process.rows('SELECT id, xmin::text, ctid::text FROM resource ORDER BY id');
  const before = await versions();
  const [first] = (await process.list('cluster')).data;
  await process.sync('east');
  expect(await versions()).toEqual(before);
  const [again] = (await process.list('cluster')).data;
  expect(Date.parse(again?.observed_at as string)).toBeGreaterThan(Date.parse(first?.observed_at as string));

  upstream.put('cluster', cluster('c7', { version: 'new' }));
  await process.sync('east');
  const after = await versions();
  expect(after.filter((row, index) => JSON.stringify(row) !== JSON.stringify(before[index]))).toHaveLength(1);
});

it('tells of what was created, changed and deleted once each, and of nothing that moves by itself', async () => {
  const events = async () =>
    (
      await process.rows<Record<string, string>>(
        `SELECT change, resource_id, status, previous_status FROM outbox WHERE kind = 'cluster' ORDER BY seq`,
      )
    ).map(({ change, resource_id, status, previous_status }) => [
      change,
      resource_id,
      status,
      previous_status,
    ]);
  const cpu = (cpu_percent: number) => ({ cpu_percent, memory_percent: null, storage_percent: null });
  await process.sync('east');
  upstream.put('cluster', cluster('c', { usage: cpu(1) }));
  await process.sync('east');
  await process.sync('east');
  upstream.put('cluster', cluster('c', { usage: cpu(99), last_seen_at: at(1), native: { other: true } }));
  await process.sync('east');
  expect((await process.list('cluster', { native: true })).data[0]).toMatchObject({
    usage: cpu(99),
    native: { other: true },
  });
  upstream.put('cluster', cluster('c', { usage: cpu(99), status: 'degraded' }));
  await process.sync('east');
  await process.inventory.observe(connection, 'cluster', cluster('c', { status: 'degraded', version: '2' }));
  upstream.remove('cluster', ['c']);
  await process.sync('east');
  await process.inventory.vanish(connection, 'cluster', ['c']);
  await process.inventory.vanish(connection, 'cluster', ['never was']);
  const of = id('cluster', 'c');
  expect(await events()).toEqual([
    ['created', of, 'healthy', null],
    ['updated', of, 'degraded', 'healthy'],
    ['updated', of, 'degraded', 'degraded'],
    ['deleted', of, null, 'degraded'],
  ]);
});

it('takes in what was read or written, and gives it back as get does', async () => {
  const first = await process.inventory.observe(connection, 'cluster', cluster('c'), true);
  expect(await process.inventory.get(id('cluster', 'c'), true)).toEqual(first);
  const same = await process.inventory.observe(connection, 'cluster', cluster('c'));
  expect(JSON.parse(same.text)).toMatchObject({ observed_at: new Date(same.observedAtMs).toISOString() });
  expect(same.observedAtMs).toBeGreaterThanOrEqual(first.observedAtMs);
  expect((await process.inventory.get(id('cluster', 'c'), false))?.observedAtMs).toBe(same.observedAtMs);
  await until(async () => {
    const [row] = await process.rows<{ ms: number }>(
      `SELECT round(date_part('epoch', observed_at) * 1000) AS ms FROM resource`,
    );
    return row?.ms === same.observedAtMs;
  });

  const changed = await process.inventory.observe(connection, 'cluster', cluster('c', { version: '2' }));
  expect(changed.etag).not.toBe(same.etag);
  expect(JSON.parse(changed.text)).toMatchObject({ version: '2' });
  const late = await process.inventory.observe(
    connection,
    'cluster',
    cluster('c'),
    false,
    first.observedAtMs - 1,
  );
  expect(JSON.parse(late.text)).toMatchObject({ version: '2' });

  await process.inventory.vanish(connection, 'cluster', ['c']);
  expect(await process.inventory.get(id('cluster', 'c'), false)).toBeUndefined();
  expect((await process.list('cluster')).total).toBe(0);
  await process.inventory.observe(connection, 'cluster', cluster('c'));
  expect((await process.list('cluster')).total).toBe(1);
});

it('has the same etag as long as a resource is the same, whenever it was observed', async () => {
  upstream.put('project', project('p'));
  await process.sync('east');
  const first = await process.inventory.get(id('project', 'p'), false);
  await process.sync('east');
  const second = await process.inventory.get(id('project', 'p'), false);
  expect(second?.etag).toBe(first?.etag);
  expect(second?.text).not.toBe(first?.text);
  await process.inventory.observe(connection, 'deployment', deployment('d', { project_key: ['p'] }));
  expect((await process.inventory.get(id('project', 'p'), false))?.etag).not.toBe(first?.etag);
});

it('knows no resource by an id that is none', async () => {
  for (const none of [
    '',
    'x',
    'cluster_',
    'cluster_\0',
    `cluster_${'A'.repeat(4000)}`,
    id('cluster', 'none'),
    '\ud800',
  ]) {
    expect(await process.inventory.get(none, false)).toBeUndefined();
  }
});

it('holds any text that an upstream may have, and finds it', async () => {
  const names = [
    'plain',
    'ÜBER größe',
    '日本語クラスタ',
    '🚀🚀',
    `quote " ' back\\slash`,
    '100%_sure',
    'tab\tnew\nline',
    '{"json":1}',
    '$1',
    "'; DROP TABLE resource; --",
    ' leading',
    '',
    'x'.repeat(5000),
    '𝒳'.repeat(200),
  ];
  const odd = ['nul\0byte', 'half \ud800 pair'];
  upstream.put(
    'cluster',
    ...[...names, ...odd].map((name, n) =>
      cluster(`c${n}`, {
        name,
        labels: { [name.slice(0, 80) || 'empty']: name.slice(0, 300), long: name },
        native: { name, [name.slice(0, 20)]: [name], big: 2 ** 53, tiny: 5e-324, deep: { a: [{ b: null }] } },
      }),
    ),
  );
  await process.sync('east');
  expect(process.sources.of('cluster', ['east'])[0]).toMatchObject({ state: 'fresh' });
  const { data } = await process.list('cluster', { native: true });
  expect(data).toHaveLength(names.length + odd.length);
  const found = new Map(data.map((one) => [one.id, one]));
  names.forEach((name, n) => {
    expect(found.get(id('cluster', `c${n}`))).toMatchObject({
      name,
      native: { name, big: 2 ** 53, tiny: 5e-324 },
    });
  });
  expect(data.map(({ name }) => name)).toEqual(expect.arrayContaining(['nul\ufffdbyte', 'half \ufffd pair']));
  for (const name of names.filter((one) => one !== '')) {
    const part = name.slice(0, 100);
    expect([part, await process.names('cluster', { q: part })]).toEqual([
      part,
      expect.arrayContaining([name]),
    ]);
    const labels = [{ key: 'long', value: name }];
    expect([part, await process.names('cluster', { labels })]).toEqual([part, [name]]);
  }
  expect(await process.names('cluster', { q: '%' })).toEqual(['100%_sure']);
  expect(await process.names('cluster', { q: '_' })).toEqual(['100%_sure']);
});

it('refuses what would be served to callers and is not as the model has it', async () => {
  const bad = [
    [{ ...cluster('c'), status: 'sleepy' }, 'status'],
    [{ ...cluster('c'), created_at: 'yesterday' }, 'created_at'],
    [{ ...cluster('c'), created_at: '2026-99-99T00:00:00.000Z' }, 'created_at'],
    [{ ...cluster('c'), more: 1 }, 'record'],
    [{ ...cluster('c'), key: ['x'.repeat(512), 'y'.repeat(512)] }, 'key'],
    [{ ...cluster('c'), labels: { a: 1 } }, 'labels.a'],
  ] as const;
  for (const [record, field] of bad) {
    await expect(process.inventory.observe(connection, 'cluster', record as never)).rejects.toMatchObject({
      code: 'unexpected',
      field,
    });
  }
  const zero = await process.inventory.observe(
    connection,
    'cluster',
    cluster('c', { created_at: '0000-01-01T00:00:00.000Z' }),
  );
  expect(JSON.parse(zero.text)).toMatchObject({ name: 'c' });
});

it('belongs to the team that the upstream tells of, or to the connection’s', async () => {
  upstream.put('project', project('own', { team: { id: 'blue', name: 'Blue' } }), project('ours'));
  await process.sync('east');
  expect(await process.names('project', { team: 'blue' })).toEqual(['own']);
  expect(await process.names('project', { team: 'red' })).toEqual(['ours']);
});
