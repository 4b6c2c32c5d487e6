// Lists over HTTP beside raw node:http servers that send the same bytes, or run the same statement.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDataSource } from '../../apps/gateway/dist/database/data-source.js';
import { Database } from '../../apps/gateway/dist/database/database.js';
import { inventoryOn } from './inventory.mjs';
import { number, ratio, row, title } from './print.mjs';
import { startFloor, stop, versus } from './processes.mjs';
import { authorization, startFleetManager, startGateway } from './stack.mjs';

const rounds = { pairs: 41, seconds: 0.4, warmUp: 6 };
const connections = 32;

export async function lists(target, url, parts = ['warm', 'unchanged', 'uncached']) {
  title('Lists over HTTP: requests per CPU second of the server, medians of rounds in turn');
  const upstream = await startFleetManager(25_000);
  const gateway = await startGateway(url, upstream);
  const dir = mkdtempSync(join(tmpdir(), 'fleetgate-bench-'));
  try {
    await gateway.synced(0);
    const path = '/v1/clusters?limit=100';
    const warm = await gateway.get(path);
    const total = JSON.parse(warm.text).pagination.total;
    const file = join(dir, 'body.json');
    writeFileSync(file, warm.text);
    const options = { connections, headers: { authorization } };
    const ours = (paths, headers = {}) => ({
      pid: gateway.pid,
      options: { ...options, port: gateway.port, paths, headers: { ...options.headers, ...headers } },
    });
    const floor = async (args, paths, headers = {}) => {
      const { child, ready } = await startFloor(...args);
      return {
        child,
        pid: child.pid,
        options: { ...options, port: ready.port, paths, headers: { ...options.headers, ...headers } },
      };
    };

    // A reader that never sleeps: to wake one up is charged to who writes, and would hit the slower of the two more often.
    options.awake = true;
    if (parts.includes('warm')) {
      const bytes = await floor(['bytes', file, headOf(warm, dir)], [path]);
      const warmed = await versus(ours([path]), bytes, rounds);
      const size = `${number(total)} rows, ${number(warm.text.length / 1024)} KB`;
      print(`GET ${path} warm, ${size}`, warmed, '≥ 0.7 ×');
      await stop(bytes.child);
    }
    if (parts.includes('unchanged')) {
      const known = { 'if-none-match': warm.headers.get('etag') };
      const unchanged = await gateway.get(path, known);
      const notModified = await floor(['not-modified', headOf(unchanged, dir)], [path]);
      const hit = await versus(ours([path], known), notModified, rounds);
      if (!hit.statuses['304']) throw new Error(`expected 304, got ${JSON.stringify(hit.statuses)}`);
      print('the same with If-None-Match that hits', hit, '≥ 0.8 ×');
      await stop(notModified.child);
    }
    options.awake = false; // here PostgreSQL needs the other core
    if (parts.includes('uncached')) await uncached(target, url, { ours, floor, dir });
  } finally {
    await gateway.stop();
    await upstream.stop();
  }
}

/** A file with the headers of an answer, less those that Node adds by itself: the floor sends the same bytes. */
function headOf({ status, headers }, dir) {
  const file = join(dir, `head-${status}.json`);
  const own = [...headers].filter(([name]) => !['date', 'connection', 'keep-alive'].includes(name));
  writeFileSync(file, JSON.stringify(own.flat()));
  return file;
}

/**
 * Every call another page and filter: no two are the same, so nothing is ready. The floor runs what the gateway
 * runs for the same call, taken down from its own query code: the statements of the total, then the one of the page.
 */
async function uncached(target, url, { ours, floor, dir }) {
  const source = await openDataSource(target);
  const recorder = new RecordingDatabase(source, target);
  const inventory = inventoryOn(recorder);
  const statements = {};
  const paths = [];
  for (let n = 0; n < 20_000; n++) {
    const updatedSince = new Date(Date.UTC(2025, 0, 1) + n * 1000).toISOString();
    const page = 1 + (n % 40);
    const path = `/v1/clusters?limit=100&page=${page}&updated_since=${updatedSince}`;
    recorder.statements = [];
    const sort = { field: 'name', descending: false };
    await inventory.list({
      kind: 'cluster',
      labels: [],
      updatedSince,
      sort,
      limit: 100,
      from: { page },
      native: false,
    });
    statements[path] = recorder.statements;
    paths.push(path);
  }
  await source.destroy();
  const file = join(dir, 'statements.json');
  writeFileSync(file, JSON.stringify({ database: url, statements }));
  const raw = await floor(['sql', file], paths);
  const result = await versus(ours(paths), raw, { ...rounds, pairs: 21 });
  print('every call another filter and page, limit 100', result, '≥ 0.7 × (the same SQL by bare pg)');
  await stop(raw.child);
}

class RecordingDatabase extends Database {
  statements = [];

  tuples(statement) {
    this.statements.push(statement);
    return super.tuples(statement);
  }

  quickTuples(statement) {
    this.statements.push(statement);
    return super.quickTuples(statement);
  }
}

function print(name, { a, b, ratio: value, ratios, p99 }, asked) {
  const spread = `${quantile(ratios, 0.25)}–${quantile(ratios, 0.75)}`;
  row(name, ratio(value), asked);
  row(
    '',
    `${number(a)} : ${number(b)}`,
    `requests per CPU second; half of the ratios in ${spread}; p99 ${p99.a.toFixed(1)} : ${p99.b.toFixed(1)} ms`,
  );
}

const quantile = (sorted, share) => sorted[Math.round((sorted.length - 1) * share)].toFixed(2);
