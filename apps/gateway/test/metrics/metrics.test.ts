import { readFileSync } from 'node:fs';
import path from 'node:path';
import { request } from 'undici';
import { Metrics } from '../../src/metrics/metrics.ts';
import { World } from '../access/world.ts';
import { eventually, type Stack, startStack } from '../e2e/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack([
    { slug: 'chime', upstream: 'chimestack', scale: 20 },
    { slug: 'fm', upstream: 'fleet-manager', scale: 40 },
  ]);
  await stack.reach('fresh');
});
afterAll(() => stack?.close());

/** Value by `name{label="value",…}`, the labels in the order in which they are told. */
function parsed(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [
      line.slice(0, line.lastIndexOf(' ')),
      Number(line.slice(line.lastIndexOf(' ') + 1)),
    ]),
  );
}
const scrape = async () => parsed((await stack.ask('/metrics')).text);
/** The sum over all series of that name with those labels. */
function sum(series: Map<string, number>, name: string, labels: Record<string, string> = {}): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return [...series]
    .filter(([key]) => key.split('{', 1)[0] === name && wanted.every((one) => key.includes(one)))
    .reduce((total, [, value]) => total + value, 0);
}

describe('/metrics', () => {
  it('counts answers by route, method and status, ready ones too, and never by path', async () => {
    const before = await scrape();
    for (let n = 0; n < 5; n += 1) await stack.ask('/v1/clusters?limit=7');
    await stack.ask('/v1/clusters/cluster_none');
    await stack.ask('/v1/made-up/7b1f');
    const after = await scrape();
    const moved = (labels: Record<string, string>) =>
      sum(after, 'fleetgate_http_requests_total', labels) -
      sum(before, 'fleetgate_http_requests_total', labels);
    const list = { route: '/v1/clusters', method: 'GET', status: '200' };
    expect(moved(list)).toBe(5);
    expect(moved({ ...list, ready: 'yes' })).toBeGreaterThanOrEqual(2);
    expect(moved({ route: '/v1/clusters/:id', status: '404' })).toBe(1);
    expect(moved({ route: 'none', method: 'any', status: '404' })).toBe(1);
    expect(sum(after, 'fleetgate_http_request_duration_seconds_count', { route: '/v1/clusters/:id' })).toBe(
      1,
    );
    expect([...after.keys()].join()).not.toMatch(/made-up|cluster_none/);
  });

  it('counts operations of providers and what went out for them, by connection', async () => {
    const [cluster] = ((await stack.ask('/v1/clusters?connection=fm')).body as { data: { id: string }[] })
      .data;
    const before = await scrape();
    stack.upstream('fm').control.inject({ fault: { kind: 'status', status: 503 }, times: 1 });
    expect((await stack.ask(`/v1/clusters/${cluster?.id}?max_stale=0`)).status).toBe(200);
    const after = await scrape();
    const moved = (name: string, labels: Record<string, string>) =>
      sum(after, name, labels) - sum(before, name, labels);
    const get = { connection: 'fm', operation: 'clusters.get' };
    expect(moved('fleetgate_upstream_operations_total', { ...get, outcome: 'ok', shared: 'no' })).toBe(1);
    expect(moved('fleetgate_upstream_operation_duration_seconds_count', get)).toBe(1);
    expect(moved('fleetgate_upstream_attempts_total', { ...get, outcome: '503', again: 'no' })).toBe(1);
    expect(moved('fleetgate_upstream_attempts_total', { ...get, outcome: '200', again: 'retry' })).toBe(1);
    expect(moved('fleetgate_upstream_attempts_total', { connection: 'chime' })).toBe(0);
    expect(moved('fleetgate_upstream_limiter_wait_seconds_count', { connection: 'fm' })).toBe(2);
    expect(sum(after, 'fleetgate_upstream_calls_under_way', { connection: 'fm' })).toBe(0);
  });

  it('tells of the inventory, its syncs, queues, the pool and the process', async () => {
    const series = await scrape();
    const rows = ((await stack.ask('/v1/clusters?connection=fm')).body as { pagination: { total: number } })
      .pagination.total;
    expect(sum(series, 'fleetgate_inventory_rows', { connection: 'fm', kind: 'cluster' })).toBe(rows);
    expect(
      sum(series, 'fleetgate_sync_lag_seconds', { connection: 'chime', kind: 'cluster' }),
    ).toBeGreaterThan(0);
    expect(sum(series, 'fleetgate_sync_failing')).toBe(0);
    for (const queue of ['sync', 'operations', 'follow_ups', 'events', 'webhooks'])
      expect([...series.keys()]).toContain(`fleetgate_queue_depth{queue="${queue}"}`);
    expect(series.get('fleetgate_database_up')).toBe(1);
    expect(series.get('fleetgate_database_sessions_max')).toBe(6);
    expect(sum(series, 'fleetgate_database_sessions')).toBeGreaterThan(0);
    expect(sum(series, 'fleetgate_throttle_calls_total', { decision: 'admitted' })).toBeGreaterThan(5);
    expect(series.get('process_resident_memory_bytes')).toBeGreaterThan(2 ** 20);
    expect([...series.keys()]).toContain('fleetgate_event_loop_delay_seconds{quantile="0.99"}');
  });

  it('is for the root key alone, as it names what belongs to all', async () => {
    const world = new World(stack);
    const team = await world.team('nosy');
    const owner = await world.member(team.id, 'owner@nosy', 'owner');
    expect((await stack.ask('/metrics', { key: owner.credential })).status).toBe(403);
    expect((await stack.ask('/metrics', { key: null })).status).toBe(401);
  });

  it('is open on a port of its own, where there is nothing else', async () => {
    const other = await stack.beside({ metricsPort: 0, role: 'api' });
    const told = stack.log.map((line) => JSON.parse(line)).find(({ msg }) => msg === 'metrics') as {
      port: number;
    };
    const url = `http://127.0.0.1:${told.port}`;
    const answer = await request(`${url}/metrics`);
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(parsed(await answer.body.text()).get('fleetgate_database_up')).toBe(1);
    expect((await request(`${url}/v1/clusters`)).statusCode).toBe(404);
    expect((await other.ask('/metrics', { key: null })).status).toBe(401);
  });
});

it('says under /v1/connections how calls went of late, and how old the inventory is', async () => {
  const healthOf = async () => {
    const { body } = await stack.ask('/v1/connections/chime');
    return (body as { data: { health: Record<string, unknown> } }).data.health;
  };
  const before = await healthOf();
  expect(before).toMatchObject({ success_rate: 1, last_error: null });
  expect(before['sync_lag_seconds']).toBeGreaterThanOrEqual(0);
  stack.upstream('chime').control.inject({ fault: { kind: 'status', status: 500 } });
  await stack.ask('/v1/connections/chime/test', { method: 'POST' });
  stack.upstream('chime').control.clear();
  const after = await healthOf();
  expect(after['success_rate']).toBeLessThan(1);
  expect(after['calls']).toBe((before['calls'] as number) + 1);
  expect(after['last_error']).toMatchObject({ code: 'unexpected', at: expect.stringMatching(/Z$/) });
});

it('tells which classes of calls are refused, as the platform failed too many', async () => {
  const open = (series: Awaited<ReturnType<typeof scrape>>, name: string) =>
    series.get(`fleetgate_upstream_breaker_open{connection="chime",class="${name}"}`);
  expect(open(await scrape(), 'read')).toBe(0);
  const { control } = stack.upstream('chime');
  control.inject({ fault: { kind: 'status', status: 500 } });
  for (let call = 0; call < 10; call++) await stack.ask('/v1/connections/chime/test', { method: 'POST' });
  const series = await scrape();
  const { body } = await stack.ask('/v1/connections/chime');
  control.clear();
  expect(open(series, 'read')).toBe(1);
  expect(open(series, 'write')).toBe(0);
  expect((body as { data: { health: { breakers: unknown } } }).data.health.breakers).toMatchObject({
    read: 'open',
    write: 'closed',
  });
});

it('forgets the series of connections that are gone', async () => {
  const metrics = new Metrics();
  for (const connection of ['stays', 'gone'])
    metrics.operationDuration.observe({ connection, operation: 'clusters.get' }, 0.2);
  await metrics.forgetOthers((slug) => slug === 'stays');
  const text = await metrics.registry.metrics();
  expect(text).toContain('connection="stays"');
  expect(text).not.toContain('connection="gone"');
});

it('is ready only as long as the database has the migrations of this version', async () => {
  const [row] = await stack.sql<{ name: string }>('SELECT name FROM migrations ORDER BY id DESC LIMIT 1');
  await stack.sql('UPDATE migrations SET name = $2 WHERE name = $1', [row?.name, 'Elsewhere1']);
  const answer = await stack.ask('/readyz', { key: null });
  expect({ status: answer.status, text: answer.text }).toMatchObject({
    status: 503,
    text: expect.stringContaining('migrations'),
  });
  await stack.sql('UPDATE migrations SET name = $1 WHERE name = $2', [row?.name, 'Elsewhere1']);
  await eventually('ready', async () => (await stack.ask('/readyz', { key: null })).status === 200);
});

it('is described in docs/operating.md: every metric, and no other', () => {
  const page = readFileSync(path.resolve(__dirname, '../../../../docs/operating.md'), 'utf8');
  const described = [...page.matchAll(/^\| `((?:fleetgate|process|nodejs)_\w+)/gm)].map(([, name]) => name);
  const measured = new Metrics().registry.getMetricsAsArray().map(({ name }) => name);
  expect(described.sort()).toEqual(measured.sort());
});

it('is described in docs/operating.md: every code of an error, and no other', async () => {
  const { errorStatus } = await import('@fleetgate/model');
  const page = readFileSync(path.resolve(__dirname, '../../../../docs/operating.md'), 'utf8');
  const described = [...page.matchAll(/^\| `([a-z_]+)` \| (\d{3}) \|/gm)].map(([, code, status]) => [
    code,
    Number(status),
  ]);
  expect(Object.fromEntries(described)).toEqual(errorStatus);
});
