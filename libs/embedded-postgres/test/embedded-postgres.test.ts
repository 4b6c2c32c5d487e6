import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type EmbeddedPostgres, type EmbeddedPostgresOptions, startEmbeddedPostgres } from '../src/index.ts';
import { HolderProcess } from './holder-process.ts';

jest.setTimeout(120_000);

let base: string;
const servers: EmbeddedPostgres[] = [];
const holders: HolderProcess[] = [];

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'epg-'));
  chmodSync(base, 0o755);
});

afterEach(async () => {
  for (const holder of holders.splice(0)) await holder.kill();
  for (const server of servers.splice(0)) await server.stop();
  rmSync(base, { recursive: true, force: true });
});

async function start(
  dataDir: string,
  options: Partial<EmbeddedPostgresOptions> = {},
): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataDir, durable: false, patienceMs: 200, ...options });
  servers.push(server);
  return server;
}

function hold(dataDir: string, patienceMs?: number): HolderProcess {
  const holder = new HolderProcess(dataDir, patienceMs);
  holders.push(holder);
  return holder;
}

async function query(host: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ host, port: 5432, user: 'postgres', database: 'postgres' });
  // A server that is killed under an open connection reports so on the connection.
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function refusal(dataDir: string): Promise<{ code: string; message: string }> {
  const error: unknown = await startEmbeddedPostgres({ dataDir, patienceMs: 1 }).catch(
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ name: 'EmbeddedPostgresError' });
  const { code, message } = error as { code: string; message: string };
  expect(message).not.toContain('\n');
  return { code, message };
}

async function processThatIsNotPostgres(
  script: string,
): Promise<{ pid: number; printed: string; end(): void }> {
  const child = spawn('/bin/sh', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [chunk] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    pid: child.pid as number,
    printed: chunk.toString().trim(),
    end: () => void child.kill('SIGKILL'),
  };
}

it('starts from nothing, on a private socket only, with the extensions that the inventory uses', async () => {
  const steps: string[] = [];
  const dataDir = join(base, 'pg');
  const server = await start(dataDir, {
    onProgress: (step) => steps.push(step),
    settings: { work_mem: '5MB' },
  });

  expect(server).toMatchObject({ adopted: false, host: join(dataDir, 'run'), port: 5432 });
  expect(steps).toEqual(['creating the database', 'starting PostgreSQL']);
  await query(server.host, 'CREATE EXTENSION pg_trgm; CREATE EXTENSION btree_gin');
  expect(
    await query(
      server.host,
      `SELECT current_setting('listen_addresses') AS tcp, current_setting('work_mem') AS work_mem,
              current_setting('max_connections') AS connections, current_setting('jit') AS jit,
              lower('ÉLAN') AS lower, similarity('Zürich', 'zürich') AS same,
              array_length(show_trgm('北京'), 1) > 0 AS han`,
    ),
  ).toEqual([{ tcp: '', work_mem: '5MB', connections: '60', jit: 'off', lower: 'élan', same: 1, han: true }]);
  for (const part of ['data', 'run']) expect(statSync(join(dataDir, part)).mode & 0o777).toBe(0o700);
  expect(statSync(join(dataDir, 'postgres.log')).mode & 0o777).toBe(0o600);
});

it('stops once however often it is asked, and the next start finds the data', async () => {
  const dataDir = join(base, 'pg');
  const first = await start(dataDir);
  await query(first.host, 'CREATE TABLE kept AS SELECT 7 AS n');
  const held = new pg.Client({ host: first.host, user: 'postgres', database: 'postgres' });
  held.on('error', () => {});
  await held.connect();

  await Promise.all([first.stop(), first.stop()]);
  await first.stop();
  expect(existsSync(join(dataDir, 'data/postmaster.pid'))).toBe(false);

  const second = await start(dataDir);
  expect(second.adopted).toBe(false);
  expect(await query(second.host, 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
});

it('adopts the server that a killed parent left running, and can stop it', async () => {
  const dataDir = join(base, 'pg');
  const parent = hold(dataDir);
  const { pid, host } = await parent.line('ready');
  await query(host as string, 'CREATE TABLE kept AS SELECT 7 AS n');
  await parent.kill();

  const server = await start(dataDir);
  expect(server).toMatchObject({ adopted: true, pid, host });
  expect(await query(server.host, 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
  await server.stop();
  await expect(query(server.host, 'SELECT 1')).rejects.toThrow();
});

it('recovers every acknowledged row after parent and server were killed together', async () => {
  const dataDir = join(base, 'pg');
  const parent = hold(dataDir);
  const { pid, host } = await parent.line('ready');
  await query(host as string, 'CREATE TABLE kept (n int)');
  for (let n = 0; n < 20; n += 1) await query(host as string, `INSERT INTO kept VALUES (${n})`);
  process.kill(pid as number, 'SIGKILL');
  await parent.kill();

  const server = await start(dataDir, { durable: true });
  expect(server.adopted).toBe(false);
  expect(await query(server.host, 'SELECT count(*)::int AS n FROM kept')).toEqual([{ n: 20 }]);
});

it.each([
  ['a program that is not PostgreSQL', 'echo $$; exec sleep 60'],
  ['a zombie', 'sh -c "exit 0" & echo $!; exec sleep 60'],
])('is not stopped by a lock file that names %s', async (_what, script) => {
  const dataDir = join(base, 'pg');
  await (await start(dataDir)).stop();
  const other = await processThatIsNotPostgres(script);
  try {
    const { uid, gid } = statSync(join(dataDir, 'data'));
    const lock = join(dataDir, 'data/postmaster.pid');
    const lines = [
      other.printed,
      join(dataDir, 'data'),
      '1795237614',
      '5432',
      join(dataDir, 'run'),
      '',
      '  1 2',
      'ready',
      '',
    ];
    writeFileSync(lock, lines.join('\n'), { mode: 0o600 });
    writeFileSync(join(dataDir, 'run/.s.PGSQL.5432.lock'), lines.slice(0, 5).join('\n'), { mode: 0o600 });
    if (process.getuid?.() === 0) chownSync(lock, uid, gid);
    expect(await start(dataDir)).toMatchObject({ adopted: false });
  } finally {
    other.end();
  }
});

it('lets exactly one of several processes have the folder, and tells the others whose it is', async () => {
  const dataDir = join(base, 'pg');
  const dead = hold(dataDir);
  await dead.line('ready');
  await dead.kill();

  // All of them find the mark of the dead one at once.
  const rivals = [hold(dataDir), hold(dataDir), hold(dataDir), hold(dataDir)];
  const outcomes = await Promise.all(rivals.map((rival) => rival.outcome()));
  const winners = rivals.filter((_rival, i) => outcomes[i]?.['ready'] === true);
  expect(winners).toHaveLength(1);
  for (const outcome of outcomes.filter(({ ready }) => ready !== true)) {
    expect(outcome).toMatchObject({
      code: 'in_use',
      message: expect.stringContaining(`in use by process ${winners[0]?.pid}`),
    });
  }
  expect((await refusal(dataDir)).code).toBe('in_use');
});

it('lets exactly one of two processes make the database when both start on nothing', async () => {
  const dataDir = join(base, 'pg');
  const rivals = [hold(dataDir), hold(dataDir)];
  const outcomes = await Promise.all(rivals.map((rival) => rival.outcome()));
  expect(outcomes.map(({ ready, code }) => ready ?? code).sort()).toEqual(['in_use', true]);
  expect(readdirSync(dataDir).filter((name) => name.startsWith('data'))).toEqual(['data']);
});

it('waits for an owner that is on its way out', async () => {
  const dataDir = join(base, 'pg');
  const leaving = hold(dataDir);
  await leaving.line('ready');
  const next = hold(dataDir, 60_000);
  await next.line('step');
  await leaving.stop();
  expect(await next.outcome()).toMatchObject({ ready: true, adopted: false });
});

it('survives the Ctrl-C that reaches its parent’s whole process group', async () => {
  const parent = hold(join(base, 'pg'));
  const { host } = await parent.line('ready');
  parent.interruptGroup();
  await parent.line('interrupted');
  expect(await query(host as string, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
  await parent.stop();
  await expect(query(host as string, 'SELECT 1')).rejects.toThrow();
});

it('starts over when the process that made the database was killed half-way', async () => {
  const dataDir = join(base, 'pg');
  const first = hold(dataDir);
  await first.line('step');
  await first.kill();
  mkdirSync(join(dataDir, 'data.new-abandoned'));

  const server = await start(dataDir);
  expect(await query(server.host, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
  expect(readdirSync(dataDir).filter((name) => name.startsWith('data'))).toEqual(['data']);
});

it('works in a folder whose path is too long for a socket', async () => {
  const dataDir = join(base, 'a-rather-long-name'.repeat(4), 'b-rather-long-name'.repeat(4), 'pg');
  const server = await start(dataDir);
  expect(Buffer.byteLength(server.host)).toBeLessThan(90);
  expect(statSync(server.host).mode & 0o777).toBe(0o700);
  expect(await query(server.host, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
  await server.stop();
  expect(existsSync(server.host)).toBe(false);
});

it('runs without root’s rights also when root starts it, in an open and in a private folder', async () => {
  const asRoot = process.getuid?.() === 0;
  const open = await start(join(base, 'open'));
  chmodSync(base, 0o755);
  expect(statSync(join(base, 'open/data')).uid).toBe(asRoot ? 65534 : process.getuid?.());
  expect(await query(open.host, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);

  const closed = join(base, 'closed');
  mkdirSync(closed, { mode: 0o700 });
  const hidden = await start(join(closed, 'pg'));
  expect(statSync(join(closed, 'pg/data')).uid).toBe(process.getuid?.());
  expect(await query(hidden.host, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
});

describe('says in one line what to do', () => {
  it('when the folder cannot be made', async () => {
    writeFileSync(join(base, 'file'), '');
    const { code, message } = await refusal(join(base, 'file/pg'));
    expect(code).toBe('unwritable');
    expect(message).toContain('FLEETGATE_DATA_DIR');
  });

  it('when the data are of another major version', async () => {
    const dataDir = join(base, 'pg');
    mkdirSync(join(dataDir, 'data'), { recursive: true });
    writeFileSync(join(dataDir, 'data/PG_VERSION'), '15\n');
    expect(await refusal(dataDir)).toMatchObject({
      code: 'foreign_data',
      message: expect.stringContaining('PostgreSQL 15'),
    });
  });

  it('when something else stands where the data belong', async () => {
    const dataDir = join(base, 'pg');
    mkdirSync(join(dataDir, 'data'), { recursive: true });
    writeFileSync(join(dataDir, 'data/holiday.jpg'), '');
    expect((await refusal(dataDir)).code).toBe('foreign_data');
    expect(readdirSync(dataDir)).toEqual(['data']);
  });

  it('when PostgreSQL refuses a setting', async () => {
    const failure: unknown = await startEmbeddedPostgres({
      dataDir: join(base, 'pg'),
      durable: false,
      settings: { shared_buffers: 'plenty' },
    }).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'failed',
      message: expect.stringMatching(/shared_buffers.*postgres\.log/),
    });
    // and the folder is free again
    expect(await start(join(base, 'pg'))).toMatchObject({ adopted: false });
  });
});
