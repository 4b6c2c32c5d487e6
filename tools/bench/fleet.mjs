// A fleet: 50 connections of 20,000 clusters each, and what else such accounts hold. What the gateway as it is shipped does with it.
import { openDataSource } from '../../apps/gateway/dist/database/data-source.js';
import { Database } from '../../apps/gateway/dist/database/database.js';
import { ms, number, ratio, row, title } from './print.mjs';
import { cpuSeconds, median, residentMb } from './processes.mjs';
import { startFleetManager, startGateway } from './stack.mjs';

const connections = Number(process.env.FLEETGATE_BENCH_CONNECTIONS ?? 50);
const clusters = Number(process.env.FLEETGATE_BENCH_CLUSTERS ?? 20_000);
/** Of what the emulated Fleet Manager holds, 40 % are clusters. */
const objects = Math.round(clusters / 0.4);
const slugs = Array.from({ length: connections }, (_, n) => `fm-${String(n).padStart(2, '0')}`);

export async function fleet(target, url, serverPids) {
  title(`A fleet: ${number(connections)} connections × ${number(clusters)} clusters, over HTTP`);
  const source = await openDataSource(target);
  const database = new Database(source, target);
  const upstream = await startFleetManager(objects);
  const gateway = await startGateway(url, upstream, { logLevel: 'warn', slugs });
  const databaseCpu = () => serverPids().reduce((sum, pid) => sum + cpuSeconds(pid), 0);
  try {
    const idle = residentMb(gateway.pid);
    const memory = watchMemory(gateway.pid);
    const first = await timed(databaseCpu, gateway.pid, () => gateway.synced(0)).finally(memory.stop);
    const [{ n }] = await database.query({ text: 'SELECT count(*) AS n FROM resource' });
    row('resources, of all kinds', number(n));
    row('first sync of all', `${number(n / first.seconds)} objects/s`, `${number(first.seconds)} s`);
    row('the process: idle, and at its peak', `${number(idle)}, ${number(memory.peak())} MB`);
    await sizes(database, n);

    await lists(gateway);

    const since = Date.now();
    const during = [];
    let syncing = true;
    let shed = 0;
    const reader = (async () => {
      for (let n = 0; syncing; n++) {
        const { status, ms } = await timedList(gateway, `limit=20&page=${1 + (n % 1000)}`);
        if (status === 503) shed += 1;
        else during.push(ms);
      }
    })();
    const again = await timed(databaseCpu, gateway.pid, async () => {
      await gateway.syncNow();
      await gateway.synced(since);
    });
    syncing = false;
    await reader;
    row(
      'a cycle of syncs, nothing changed',
      `${number(n / again.seconds)} objects/s`,
      `${number(again.seconds)} s`,
    );
    row('what it costs: gateway, PostgreSQL', `${number(again.ours)}, ${number(again.theirs)} s of CPU`);
    row('PostgreSQL, against the first', ratio(again.theirs / first.theirs));
    row(
      'a list meanwhile: half, 99 %',
      `${ms(median(during))}, ${ms(quantile(during, 0.99))}`,
      `${number(shed)} of ${number(shed + during.length)} refused, as the process was overloaded`,
    );
    row('memory after it', `${number(residentMb(gateway.pid))} MB`);
  } finally {
    await gateway.stop();
    await upstream.stop();
    await source.destroy();
  }
}

/** Lists of clusters, each call another one, so that none is ready. */
async function lists(gateway) {
  const day = (n) => new Date(Date.UTC(2025, 0, 1) + n * 60_000).toISOString();
  const asked = {
    'list, page by page': (n) => `limit=100&page=${1 + n}`,
    'list by cursor, a page': undefined,
    'filter by connection': (n) => `limit=100&connection=${slugs[n % slugs.length]}&page=${1 + (n % 90)}`,
    'filter by status': (n) => `limit=100&status=degraded&page=${1 + n}`,
    'updated since': (n) => `limit=100&updated_since=${day(n)}`,
    'sorted by -updated_at': (n) => `limit=100&sort=-updated_at&page=${1 + n}`,
    'search by name, few hits': (n) => `limit=100&q=-${1000 + n * 7}`,
    'search by name, very many hits': (n) => `limit=100&q=stor&page=${1 + n}`,
    'count alone': (n) => `limit=1&page=${1 + n}`,
  };
  for (const [name, query] of Object.entries(asked)) {
    const times = [];
    let cursor = '';
    let total = 0;
    for (let n = 0; n < 100; n++) {
      const next = query ? query(n) : `limit=100${cursor}`;
      const answer = await timedList(gateway, next);
      if (answer.status !== 200) throw new Error(`${next} answered ${answer.status}`);
      times.push(answer.ms);
      total = answer.pagination.total;
      const { next_cursor: after } = answer.pagination;
      cursor = after ? `&cursor=${after}` : '';
    }
    row(
      name,
      `${ms(median(times))}, ${ms(quantile(times, 0.99))}`,
      `half, 99 %; the last of ${number(total)}`,
    );
  }
}

async function timedList(gateway, query) {
  const started = performance.now();
  const { status, text } = await gateway.get(`/v1/clusters?${query}`);
  return { status, ms: performance.now() - started, pagination: JSON.parse(text).pagination };
}

/** How big it is on disk: the rows, their indexes, and what `include=native` shows. */
async function sizes(database, rows) {
  const [size] = await database.query({
    text: `SELECT pg_relation_size('resource') AS heap, pg_indexes_size('resource') AS indexes,
      pg_total_relation_size('resource') - pg_relation_size('resource') - pg_indexes_size('resource') AS toast,
      pg_database_size(current_database()) AS whole`,
  });
  const mb = (bytes) => `${number(Number(bytes) / 2 ** 20)} MB`;
  row('the database', mb(size.whole), `${number(Number(size.whole) / rows)} bytes a resource`);
  row('of it: rows, their indexes', `${mb(size.heap)}, ${mb(size.indexes)}`, `and ${mb(size.toast)} TOAST`);
}

async function timed(databaseCpu, pid, work) {
  const [ours, theirs, started] = [cpuSeconds(pid), databaseCpu(), performance.now()];
  await work();
  return {
    seconds: (performance.now() - started) / 1000,
    ours: cpuSeconds(pid) - ours,
    theirs: databaseCpu() - theirs,
  };
}

function watchMemory(pid) {
  let peak = residentMb(pid);
  const timer = setInterval(() => {
    peak = Math.max(peak, residentMb(pid));
  }, 100);
  return {
    stop: () => clearInterval(timer),
    peak: () => peak,
  };
}

const quantile = (values, share) =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))];
