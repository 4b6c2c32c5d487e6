// npm run bench [-- events fleet light lists native sync throttle scale]: prints each figure beside what it is measured against. Nothing here asserts.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../libs/embedded-postgres/dist/index.js';
import { events } from './events.mjs';
import { fleet } from './fleet.mjs';
import { light } from './light.mjs';
import { lists } from './lists.mjs';
import { native } from './native.mjs';
import { scale } from './scale.mjs';
import { sync } from './sync.mjs';
import { throttle } from './throttle.mjs';

const asked = process.argv.slice(2);
const wanted = (name) => asked.length === 0 || asked.includes(name);
const dir = mkdtempSync(join(tmpdir(), 'fleetgate-bench-pg-'));
const server = await startEmbeddedPostgres({ dataDir: join(dir, 'postgres') });
const urlOf = (name) =>
  `postgres://${server.user}@localhost/${name}?host=${encodeURIComponent(server.host)}&port=${server.port}`;

/** A database of its own for each part, so that none reads in another's bloat. */
async function databaseOf(name) {
  const { default: pg } = await import('pg');
  const client = new pg.Client({
    host: server.host,
    port: server.port,
    user: server.user,
    database: server.database,
  });
  await client.connect();
  await client.query(`CREATE DATABASE ${name}`);
  await client.end();
  return { host: server.host, port: server.port, user: server.user, database: name };
}

/** The server and all its sessions and workers. */
function serverPids() {
  const children = execFileSync('ps', ['-o', 'pid=', '--ppid', String(server.pid)], { encoding: 'utf8' });
  return [server.pid, ...children.trim().split(/\s+/).filter(Boolean).map(Number)];
}

try {
  process.stdout.write(
    `${cpus().length} × ${cpus()[0]?.model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.version}, embedded PostgreSQL\n`,
  );
  if (wanted('lists')) await lists(await databaseOf('lists'), urlOf('lists'));
  if (wanted('native')) {
    await databaseOf('native');
    await native(urlOf('native'));
  }
  if (wanted('sync')) await sync(await databaseOf('sync'), urlOf('sync'), serverPids);
  if (wanted('throttle')) await throttle(await databaseOf('throttle'), urlOf('throttle'));
  if (wanted('events')) await events(await databaseOf('events'), urlOf('events'));
  if (wanted('light')) {
    await databaseOf('light');
    await light(urlOf('light'));
  }
  if (wanted('fleet')) await fleet(await databaseOf('fleet'), urlOf('fleet'), serverPids);
  if (wanted('scale')) await scale(await databaseOf('scale'));
} finally {
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
}
