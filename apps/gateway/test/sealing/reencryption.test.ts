import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startEmbeddedPostgres } from '@fleetgate/embedded-postgres';
import pg from 'pg';
import { openDataSource } from '../../src/database/data-source.ts';
import type { DatabaseTarget } from '../../src/database/database.ts';
import { Keyring } from '../../src/sealing/keyring.ts';
import { reencrypt } from '../../src/sealing/reencryption.ts';
import { type SealedColumn, sealedColumns } from '../../src/sealing/sealed-columns.ts';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';

const [older, newer] = [randomBytes(32), randomBytes(32)];
const old = new Keyring(older);
const now = new Keyring(newer, [older]);
const later = new Keyring(newer);

let database: TestDatabase;
let client: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase();
  await (await openDataSource(database.target)).destroy();
  client = new pg.Client(database.config);
  await client.connect();
  await loosen();
});
beforeEach(async () => {
  for (const { table } of sealedColumns) await client.query(`DELETE FROM ${table}`);
});
afterAll(async () => {
  await client?.end();
  await database?.drop();
});

/** Any row will do here: what their tables ask of them beside a key is not what is tested. */
async function loosen(): Promise<void> {
  const tables = sealedColumns.map(({ table }) => table);
  const { rows } = await client.query<{ statement: string }>(
    `SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS statement FROM pg_constraint
       WHERE contype IN ('c', 'f', 'u') AND conrelid::regclass::text = ANY($1::text[])
     UNION ALL SELECT format('DROP INDEX %s', indexrelid::regclass) FROM pg_index i
       WHERE indisunique AND NOT indisprimary AND indrelid::regclass::text = ANY($1::text[])
         AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.indexrelid)`,
    [tables],
  );
  for (const { statement } of rows) await client.query(statement);
}

interface Column {
  readonly name: string;
  readonly type: string;
}
const needed = new Map<string, readonly Column[]>();

/** Columns that must hold something. */
async function neededOf(table: string, on: pg.Client): Promise<readonly Column[]> {
  const { rows } = await on.query<Column>(
    `SELECT column_name AS name, data_type AS type FROM information_schema.columns
     WHERE table_name = $1 AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'`,
    [table],
  );
  return rows;
}

/** A row with that text, sealed; columns that must hold something hold anything. */
async function put(
  { table, key, column, purpose, nameOf }: SealedColumn,
  keys: readonly string[],
  keyring: Keyring,
  on: pg.Client = client,
): Promise<void> {
  const rows = needed.get(table) ?? (await neededOf(table, on));
  needed.set(table, rows);
  const values = new Map<string, unknown>([
    ...rows.map(({ name, type }): [string, unknown] => [name, anything[type] ?? keys.join('-')]),
    ...key.map((name, at): [string, unknown] => [name, keys[at]]),
    [column, keyring.sealed(purpose).seal(nameOf(keys), `secret of ${keys.join()}`)],
  ]);
  const places = [...values].map((_, at) => `$${at + 1}`);
  await on.query(`INSERT INTO ${table} (${[...values.keys()].join(', ')}) VALUES (${places.join(', ')})`, [
    ...values.values(),
  ]);
}
const anything: Record<string, unknown> = {
  bigint: 1,
  integer: 1,
  boolean: true,
  bytea: Buffer.from('x'),
  json: '{}',
  jsonb: '{}',
  'timestamp with time zone': '2030-01-01T00:00:00Z',
  ARRAY: [],
};

async function opened({ table, column, purpose, key, nameOf }: SealedColumn, keyring: Keyring, on = client) {
  const { rows } = await on.query<{ key: string[]; sealed: Buffer }>(
    `SELECT ARRAY[${key.join(', ')}]::text[] AS key, ${column} AS sealed FROM ${table} ORDER BY 1`,
  );
  return rows.map((row) => keyring.sealed(purpose).open(nameOf(row.key), row.sealed));
}

const keysOf = ({ key }: SealedColumn, name: string) => key.map((column) => `${name}-${column}`);

describe('what is stored', () => {
  it('is sealed under the new key, in every column that there is, and needs the old one no more', async () => {
    for (const column of sealedColumns) {
      for (const name of ['a', 'b']) await put(column, keysOf(column, name), old);
      await put(column, keysOf(column, 'c'), now);
    }
    const reports = await reencrypt(client, now);
    expect(reports).toEqual(
      sealedColumns.map(({ table, column }) => ({
        column: `${table}.${column}`,
        anew: 2,
        before: 1,
        unreadable: 0,
      })),
    );
    for (const column of sealedColumns) {
      const texts = ['a', 'b', 'c'].map((name) => `secret of ${keysOf(column, name).join()}`);
      expect(await opened(column, later)).toEqual(texts);
    }
    for (const { anew, before } of await reencrypt(client, now)) expect([anew, before]).toEqual([0, 3]);
  });

  const [sessions] = sealedColumns as readonly [SealedColumn];

  it('is done in parts, however much it is', async () => {
    for (let i = 0; i < 450; i++) await put(sessions, [`account-${i}`], old);
    const [report] = await reencrypt(client, now);
    expect(report).toMatchObject({ anew: 450, before: 0, unreadable: 0 });
  });

  it('and cannot be opened stays as it is, and is counted', async () => {
    await put(sessions, ['lost'], new Keyring(randomBytes(32)));
    await put(sessions, ['known'], old);
    const before = await client.query('SELECT value FROM provider_session WHERE name = $1', ['lost']);
    const [report] = await reencrypt(client, now);
    expect(report).toMatchObject({ anew: 1, before: 0, unreadable: 1 });
    const after = await client.query('SELECT value FROM provider_session WHERE name = $1', ['lost']);
    expect(after.rows).toEqual(before.rows);
  });

  it('and is changed by somebody at the same moment keeps that change, sealed anew', async () => {
    await put(sessions, ['busy'], old);
    let meddled = false;
    const meddling = {
      query: async (query: pg.QueryConfig) => {
        if (query.text.startsWith('UPDATE') && !meddled) {
          meddled = true;
          const sealed = old.sealed(sessions.purpose).seal('busy', 'newer');
          await client.query('UPDATE provider_session SET value = $1', [sealed]);
        }
        return client.query(query);
      },
    };
    const [report] = await reencrypt(meddling as unknown as pg.Client, now);
    expect(report).toMatchObject({ anew: 1, before: 0, unreadable: 0 });
    expect(await opened(sessions, later)).toEqual(['newer']);
  });
});

describe('npm run reencrypt', () => {
  const base = {
    FLEETGATE_SECRET_KEY: newer.toString('base64'),
    FLEETGATE_SECRET_KEYS_OLD: older.toString('base64'),
  };
  const [sessions] = sealedColumns as readonly [SealedColumn];

  function run(env: Record<string, string>, ...args: string[]) {
    const flags = ['--experimental-transform-types', '--conditions=@fleetgate/source', '--no-warnings'];
    const program = resolve(__dirname, '../../src/reencrypt.ts');
    return new Promise<{ code: number; output: string; errors: string }>((done) => {
      execFile(
        process.execPath,
        [...flags, program, ...args],
        { env: { PATH: process.env['PATH'], ...env } },
        (error, output, errors) => done({ code: error ? Number(error.code) : 0, output, errors }),
      );
    });
  }

  it('works on a database of one’s own, and says what it did', async () => {
    await put(sessions, ['a'], old);
    await put(sessions, ['lost'], new Keyring(randomBytes(32)));
    const { code, output, errors } = await run({ ...base, FLEETGATE_DATABASE_URL: urlOf(database.target) });
    expect({ code, errors }).toEqual({ code: 1, errors: '' });
    expect(output).toMatch(
      /^provider_session\.value +1 encrypted anew, 0 already were, 1 CANNOT BE OPENED\n/,
    );
    expect(output).not.toContain(newer.toString('base64'));
    expect(await opened(sessions, later)).toEqual(['secret of a', undefined]);
  });

  it('works on the embedded database, running or not', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'fleetgate-reencrypt-'));
    chmodSync(dataDir, 0o711); // where we are root, PostgreSQL runs as somebody else, who has to pass
    const env = { ...base, FLEETGATE_DATA_DIR: dataDir };
    try {
      const server = await startEmbeddedPostgres({ dataDir: join(dataDir, 'postgres'), durable: false });
      const target = { host: server.host, port: server.port, user: server.user, database: server.database };
      await (await openDataSource(target)).destroy();
      const inside = new pg.Client(target);
      await inside.connect();
      await put(sessions, ['a'], old, inside);
      const running = await run(env);
      expect([running.code, running.output]).toEqual([
        0,
        expect.stringContaining('1 encrypted anew, 0 already were'),
      ]);
      expect(await opened(sessions, later, inside)).toEqual(['secret of a']);
      await inside.end();
      await server.stop();
      const stopped = await run(env);
      expect([stopped.code, stopped.output]).toEqual([
        0,
        expect.stringMatching(
          / 0 encrypted anew, 1 already were\n[\s\S]*Nothing is left under a key of before/,
        ),
      ]);
    } finally {
      rmSync(dataDir, { recursive: true, force: true });
    }
  }, 60_000);

  it('says what is wrong with its settings', async () => {
    const wrong = await run({ FLEETGATE_SECRET_KEY: 'short' });
    expect([wrong.code, wrong.errors]).toEqual([
      1,
      expect.stringContaining('FLEETGATE_SECRET_KEY must be 32 bytes'),
    ]);
  });
});

function urlOf(target: DatabaseTarget): string {
  if ('url' in target) return target.url;
  const { host, port, user, database: name } = target;
  return `postgres://${user}@/${name}?host=${encodeURIComponent(host)}&port=${port}`;
}
