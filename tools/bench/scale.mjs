// How the inventory reads at a million rows: the gateway's own query code on a real PostgreSQL.

import { openDataSource } from '../../apps/gateway/dist/database/data-source.js';
import { Database } from '../../apps/gateway/dist/database/database.js';
import { inventoryOn } from './inventory.mjs';
import { ms, number, row, title } from './print.mjs';
import { median } from './processes.mjs';

const rows = Number(process.env.FLEETGATE_BENCH_ROWS ?? 1_000_000);
const connections = Array.from({ length: 10 }, (_, n) => `bench-${n}`);

const fill = `
INSERT INTO resource (id, connection, kind, name_sort, status, team, parent_id, target_id, labels, created_at, updated_at,
  observed_at, hash, facts_hash, body, native)
SELECT id, connection, 'cluster', name, status, NULL, NULL, NULL, labels, created, updated, now(), md5(id)::uuid,
  md5(id)::uuid,
  json_build_object('id', id, 'name', name, 'labels', json_build_object('env', env, 'region', region),
    'native_status', 'online/healthy', 'created_at', created, 'updated_at', updated, 'status', status, 'kind', 'hypercore',
    'version', '9.4.30.217', 'location', NULL, 'node_count', 3, 'capacity', NULL, 'usage', json_build_object('cpu_percent',
    12.5, 'memory_percent', 60.25, 'storage_percent', 41), 'last_seen_at', updated, 'project_id', NULL, 'connection',
    json_build_object('id', connection, 'provider', 'fleet-manager')),
  json_build_object('id', id, 'name', name, 'description', repeat(md5(i::text), 40))
FROM (SELECT i, 'cluster_' || md5('id' || i) AS id, 'bench-' || (i % 10) AS connection,
    (ARRAY['store','edge','lab','pos','cam'])[1 + i % 5] || '-' || substr(md5(i::text), 1, 8) || '-' || i AS name,
    (ARRAY['healthy','healthy','healthy','healthy','healthy','healthy','degraded','unreachable','unknown'])[1 + i % 9] AS status,
    (ARRAY['prod','dev','test'])[1 + i % 3] AS env, 'r' || (i % 40) AS region,
    ARRAY['env:' || (ARRAY['prod','dev','test'])[1 + i % 3], 'region:r' || (i % 40), 'site:' || (i % 5000)] AS labels,
    timestamptz '2025-01-01' + (i * interval '31 seconds') AS created,
    timestamptz '2025-06-01' + ((i::bigint * 7919 % ${rows}) * interval '29 seconds') AS updated
  FROM generate_series(1, ${rows}) i) s`;

const count = (facet, value, from = 'resource') => `
INSERT INTO resource_count (kind, facet, value, connection, n)
SELECT 'cluster', '${facet}', ${value}, connection, count(*) FROM ${from} GROUP BY 3, 4`;

export async function scale(target) {
  title(
    `Reads of ${number(rows)} rows (one list statement with its total, in this process, over a unix socket)`,
  );
  const source = await openDataSource(target);
  const database = new Database(source, target);
  const run = (text) => database.query({ text });
  await run('TRUNCATE resource, resource_count');
  const indexes = await run(
    `SELECT indexname AS name, indexdef AS text FROM pg_indexes WHERE tablename = 'resource' AND indexname <> 'resource_pkey'`,
  );
  for (const { name } of indexes) await run(`DROP INDEX ${name}`);
  let started = performance.now();
  await run(fill);
  for (const { text } of indexes) await run(text);
  await run(count('all', `''`));
  await run(count('status', 'status'));
  await run(count('label', 'label', 'resource, unnest(labels) label'));
  await run(count('day', `to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD')`));
  await run(count('hour', `to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24')`));
  await run('VACUUM ANALYZE resource');
  await run('VACUUM ANALYZE resource_count');
  row('filling the table, and its indexes', ms(performance.now() - started));

  const inventory = inventoryOn(database);
  const base = {
    kind: 'cluster',
    labels: [],
    sort: { field: 'name', descending: false },
    limit: 20,
    from: { page: 1 },
    native: false,
  };
  const measure = async (name, asked, query, runs = 41) => {
    const times = [];
    let result;
    for (let n = 0; n < runs; n++) {
      started = performance.now();
      result = await inventory.list({ ...base, ...query });
      times.push(performance.now() - started);
    }
    row(name, `${ms(median(times))} (of ${number(result.total)})`, asked);
    return result;
  };

  await measure('page 1, limit 100', '< 5 ms', { limit: 100 });
  let cursor;
  for (let page = 1; page < 5000; page++) {
    const result = await inventory.list({
      ...base,
      limit: 100,
      from: cursor ? { after: cursor } : { page: 1 },
    });
    cursor = result.last;
  }
  await measure('page 5,000 by cursor, limit 100', 'as page 1', { limit: 100, from: { after: cursor } });
  await measure(
    'page=5000, limit 100 (the middle: the worst)',
    '< 100 ms',
    { limit: 100, from: { page: 5000 } },
    11,
  );
  await measure('page=5000, limit 20', '< 100 ms', { from: { page: 5000 } }, 11);
  for (const field of ['created_at', 'updated_at']) {
    await measure(`sorted by -${field}`, '< 5 ms', { sort: { field, descending: true } });
  }
  const filters = {
    'status, common': { status: 'healthy' },
    'status, a ninth': { status: 'unknown' },
    'one connection': { connections: ['bench-3'] },
    'three connections': { connections: connections.slice(0, 3) },
    'updated_since, half of all': { updatedSince: '2025-11-15T12:34:56.000Z' },
    'updated_since, a few': { updatedSince: '2026-04-30T00:00:00.000Z' },
  };
  for (const [name, query] of Object.entries(filters)) await measure(name, '< 5 ms', query);
  const label = (value) => ({ labels: [{ key: value.split(':')[0], value: value.split(':')[1] }] });
  await measure('label, a third of all', '< 20 ms', label('env:prod'));
  await measure('label, 200 rows', '< 20 ms', label('site:77'));
  await measure('label, none', '< 20 ms', label('site:none'));
  await measure('q, one hit', '< 20 ms', { q: '-777777' });
  await measure('q, some hits', '< 20 ms', { q: 'abcde' });
  await measure('q, none', '< 20 ms', { q: 'zzzzzz' });
  await measure('q, a fifth of all (counted once per revision)', '', { q: 'store' }, 5);
  await measure(
    'status and label and q together',
    '',
    { status: 'unknown', q: 'ab', ...label('env:prod') },
    11,
  );
  await run('TRUNCATE resource, resource_count');
  await source.destroy();
}
