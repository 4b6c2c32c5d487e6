import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';
import { Process } from './process.ts';
import { cluster, connectionsOf, count, deployment, project, release, Upstream } from './upstream.ts';

let database: TestDatabase;
let process: Process;
let upstream: Upstream;

beforeEach(async () => {
  database = await createTestDatabase();
  upstream = new Upstream();
  process = await Process.start(database, connectionsOf(upstream.connection('east')));
});

afterEach(async () => {
  await process.stop();
  await database.drop();
});

it('holds what an upstream lists, and serves it as the model says', async () => {
  upstream.put(
    'cluster',
    ...count(0, 25).map((n) => cluster(`c${String(n).padStart(2, '0')}`, { labels: { n: `${n % 5}` } })),
  );
  await process.sync('east');
  const { data, total, more } = await process.list('cluster', { limit: 10 });
  expect([total, more, data.length]).toEqual([25, true, 10]);
  expect(data[0]).toMatchObject({
    name: 'c00',
    connection: { id: 'east', provider: 'memory' },
    labels: { n: '0' },
  });
});

it('tells of the deployments of a project and the latest release of a deployment', async () => {
  upstream.put('project', project('p1'), project('p2'));
  upstream.put(
    'deployment',
    deployment('d1', { project_key: ['p1'], created_at: '2026-01-01T00:00:00.000Z' }),
  );
  upstream.put(
    'deployment',
    deployment('d2', { project_key: ['p1'], created_at: '2026-01-02T00:00:00.000Z', status: 'failed' }),
  );
  upstream.put('release', release('r1', 'd1', { created_at: '2026-01-03T00:00:00.000Z' }));
  await process.sync('east');
  const projects = await process.list('project');
  expect(projects.data.map(({ deployments }) => deployments)).toMatchObject([
    { total: 2, latest: { status: 'failed', created_at: '2026-01-02T00:00:00.000Z' } },
    { total: 0, latest: null },
  ]);
  const deployments = await process.list('deployment');
  expect(deployments.data.map(({ latest_release }) => latest_release)).toMatchObject(
    [{ status: 'success', created_at: '2026-01-03T00:00:00.000Z' }, null].map(
      (value) => value && expect.objectContaining(value),
    ),
  );
});
