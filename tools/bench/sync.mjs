// A first sync and a re-sync of 100,000 objects, and reads of one resource, live.
import { openDataSource } from '../../apps/gateway/dist/database/data-source.js';
import { Database } from '../../apps/gateway/dist/database/database.js';
import { ms, number, ratio, row, title } from './print.mjs';
import { cpuSeconds, median, residentMb } from './processes.mjs';
import { startFleetManager, startGateway } from './stack.mjs';

const objects = Number(process.env.FLEETGATE_BENCH_OBJECTS ?? 100_000);

/** CPU seconds that all processes of the PostgreSQL server have used, by the parent's pid. */
function databaseCpu(pids) {
  return pids().reduce((sum, pid) => sum + cpuSeconds(pid), 0);
}

export async function sync(target, url, serverPids) {
  title(`Syncs of ${number(objects)} objects from the emulated Fleet Manager`);
  const source = await openDataSource(target);
  const database = new Database(source, target);
  const tuples = async () => {
    await new Promise((resolve) => setTimeout(resolve, 1500)); // the server's counters lag by up to a second
    const [counts] = await database.query({
      text: `SELECT n_tup_ins + n_tup_upd + n_tup_del AS n FROM pg_stat_user_tables WHERE relname = 'resource'`,
    });
    return Number(counts.n);
  };
  const upstream = await startFleetManager(objects);
  const idle = await startGateway(url, upstream, { logLevel: 'warn' });
  const before = residentMb(idle.pid);
  let peak = before;
  const watch = setInterval(() => {
    peak = Math.max(peak, residentMb(idle.pid));
  }, 50);
  let cpu = databaseCpu(serverPids);
  let started = performance.now();
  await idle.synced(0);
  const first = { ms: performance.now() - started, cpu: databaseCpu(serverPids) - cpu };
  clearInterval(watch);
  const [{ n }] = await database.query({ text: 'SELECT count(*) AS n FROM resource' });
  row('first sync', `${number((n / first.ms) * 1000)} objects/s`, `${number(n)} rows in ${ms(first.ms)}`);
  row("growth of the gateway's memory, at its peak", `${number(peak - before)} MB`, '< 150 MB');

  // The same rows once more into a table with the same indexes, by nothing but INSERT … SELECT unnest, 1,000 at a time.
  await database.query({ text: 'CREATE TABLE floor (LIKE resource INCLUDING ALL)' });
  const floorMs = await bareInsert(database);
  await database.query({ text: 'DROP TABLE floor' });
  row(
    'a bare INSERT … unnest of the same rows',
    `${number((n / floorMs) * 1000)} objects/s`,
    `the sync takes ${ratio(first.ms / floorMs)} as long`,
  );

  const written = await tuples();
  cpu = databaseCpu(serverPids);
  const since = Date.now();
  started = performance.now();
  await idle.syncNow();
  await idle.synced(since);
  const again = { ms: performance.now() - started, cpu: databaseCpu(serverPids) - cpu };
  row('re-sync, nothing changed', `${number((n / again.ms) * 1000)} objects/s`, ms(again.ms));
  row('inventory rows that it wrote', number((await tuples()) - written), '0');
  row(
    'what it costs the database, against the first',
    ratio(again.cpu / first.cpu),
    '< 0.20 × (CPU seconds)',
  );

  await live(idle, upstream);
  await idle.stop();
  await upstream.stop();
  await source.destroy();
}

/** Milliseconds that the inserts alone took. */
async function bareInsert(database) {
  const [{ names }] = await database.query({
    text: `SELECT string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position) AS names
      FROM information_schema.columns WHERE table_name = 'resource' AND column_name <> 'seq'`,
  });
  const columns = names.split(', ');
  const types = await database.query({
    text: `SELECT a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type FROM pg_attribute a
      WHERE a.attrelid = 'resource'::regclass AND a.attnum > 0 AND NOT a.attisdropped`,
  });
  const typeOf = Object.fromEntries(types.map(({ name, type }) => [name, type]));
  const select = columns.map((name) => `${name}::text`).join(', ');
  const insert = `INSERT INTO floor (${names}) SELECT ${columns.map((name) => `u.${name}::${typeOf[name]}`).join(', ')}
    FROM unnest(${columns.map((_, n) => `$${n + 1}::text[]`).join(', ')}) AS u(${names})`;
  let last = 0;
  let spent = 0;
  for (;;) {
    const rows = await database.tuples({
      text: `SELECT seq, ${select} FROM resource WHERE seq > $1 ORDER BY seq LIMIT 1000`,
      values: [last],
    });
    if (rows.length === 0) return spent;
    last = rows.at(-1)[0];
    const values = columns.map((_, n) => rows.map((one) => one[n + 1]));
    const started = performance.now();
    await database.query({ text: insert, values });
    spent += performance.now() - started;
  }
}

/** A read by id that always asks the upstream, beside the same call made to the upstream itself. */
async function live(gateway, upstream) {
  const list = JSON.parse((await gateway.get('/v1/clusters?limit=100&include=native')).text).data;
  const times = { ours: [], theirs: [] };
  for (let n = 0; n < 400; n++) {
    const { id, native } = list[n % list.length];
    let started = performance.now();
    await gateway.get(`/v1/clusters/${id}?max_stale=0`);
    times.ours.push(performance.now() - started);
    started = performance.now();
    const answer = await fetch(`${upstream.baseUrl}/clusters/${native.id}`, {
      headers: { 'api-key': upstream.credentials.apiKey },
    });
    await answer.text();
    times.theirs.push(performance.now() - started);
  }
  const own = median(times.ours.slice(50)) - median(times.theirs.slice(50));
  row("a live read by id, over the upstream's own time", ms(own), '≤ 1 ms (medians of 350)');

  const origin = new URL(upstream.baseUrl).origin;
  await fetch(`${origin}/_sandbox/requests`, { method: 'DELETE' });
  await fetch(`${origin}/_sandbox/faults`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ fault: { kind: 'latency', ms: 200 } }),
  });
  const { id } = list[0];
  await Promise.all(Array.from({ length: 50 }, () => gateway.get(`/v1/clusters/${id}?max_stale=0`)));
  const requests = await (await fetch(`${origin}/_sandbox/requests`)).json();
  const seen = (requests.data ?? requests.requests ?? requests).length;
  row('upstream calls for 50 callers at once', number(seen), '1');
}
