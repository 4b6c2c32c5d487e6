import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Fault } from '@fleetgate/model';
import { systemClock } from '@fleetgate/provider-runtime';
import pg from 'pg';
import { openDataSource } from '../../src/database/data-source.ts';
import { Keyring } from '../../src/sealing/keyring.ts';
import { sessionTokens } from '../../src/sealing/sealed-columns.ts';
import { PostgresTokens, type PostgresTokensOptions } from '../../src/sessions/postgres-tokens.ts';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';

const sealedUnder = (secretKey: Buffer) => new Keyring(secretKey).sealed(sessionTokens.purpose);
const sealed = sealedUnder(randomBytes(32));
const inAnHour = () => Date.now() + 3_600_000;

let database: TestDatabase;
let pool: pg.Pool;
const warnings: string[] = [];
const stores: PostgresTokens[] = [];

/** Each is a replica: its sessions and its memory are its own. */
function replica(options: Partial<PostgresTokensOptions> = {}): PostgresTokens {
  const logger = { warn: (...given: unknown[]) => void warnings.push(String(given.at(-1))) };
  const store = new PostgresTokens({
    connection: database.config,
    sealed,
    clock: systemClock,
    logger: logger as PostgresTokensOptions['logger'],
    ...options,
  });
  stores.push(store);
  return store;
}

beforeAll(async () => {
  database = await createTestDatabase();
  await (await openDataSource(database.target)).destroy();
  pool = new pg.Pool({ ...database.config, max: 2 });
  pool.on('error', () => {}); // the sessions may still be closing when the database is dropped
});
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
  warnings.length = 0;
  await pool.query('TRUNCATE provider_session');
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

describe('a stored token', () => {
  it('is read by every replica, with its end to the millisecond', async () => {
    const token = { value: 'token-of-palette', expiresAt: inAnHour() };
    await replica().write('palette', token);
    expect(await replica().read('palette')).toEqual(token);
    expect(await replica().read('another')).toBeUndefined();
  });

  it('stands in no column as it is', async () => {
    await replica().write('palette', { value: 'token-of-palette', expiresAt: inAnHour() });
    const { rows } = await pool.query<{ line: string; value: Buffer }>(
      'SELECT s::text AS line, value FROM provider_session s',
    );
    expect(rows).toHaveLength(1);
    for (const { line, value } of rows) {
      for (const text of [line, value.toString('latin1')]) expect(text).not.toContain('token-of-palette');
      expect(line).not.toContain(Buffer.from('token-of-palette').toString('hex'));
    }
  });

  it('looks different each time that it is written', async () => {
    const seen = new Set<string>();
    for (let i = 0; i < 3; i++) {
      await replica().write('palette', { value: 'the same', expiresAt: inAnHour() });
      const { rows } = await pool.query<{ value: Buffer }>('SELECT value FROM provider_session');
      seen.add((rows[0] as { value: Buffer }).value.toString('hex'));
    }
    expect(seen.size).toBe(3);
  });

  it('cannot be put under another name', async () => {
    await replica().write('palette-a', { value: 'of a', expiresAt: inAnHour() });
    await pool.query(`UPDATE provider_session SET name = 'palette-b'`);
    expect(await replica().read('palette-b')).toBeUndefined();
  });

  it('counts as absent under another secret key, which is said once, and gives way to a new one', async () => {
    await replica().write('palette', { value: 'old', expiresAt: inAnHour() });
    await replica().write('chime', { value: 'old', expiresAt: inAnHour() });
    const other = replica({ sealed: sealedUnder(randomBytes(32)) });
    expect(await other.read('palette')).toBeUndefined();
    expect(await other.read('chime')).toBeUndefined();
    expect(warnings).toEqual([expect.stringContaining('FLEETGATE_SECRET_KEY is another one than before')]);
    const token = { value: 'new', expiresAt: inAnHour() };
    await other.write('palette', token);
    expect(await other.read('palette')).toEqual(token);
  });

  it('counts as absent when it was tampered with', async () => {
    await replica().write('palette', { value: 'whole', expiresAt: inAnHour() });
    await pool.query('UPDATE provider_session SET value = set_byte(value, 30, 1 - get_byte(value, 30) % 2)');
    expect(await replica().read('palette')).toBeUndefined();
    await pool.query(`UPDATE provider_session SET value = '\\x00'`);
    expect(await replica().read('palette')).toBeUndefined();
  });

  it('counts as absent when it has ended', async () => {
    const store = replica();
    await store.write('palette', { value: 'late', expiresAt: Date.now() - 1 });
    expect(await store.read('palette')).toBeUndefined();
    expect(await replica().read('palette')).toBeUndefined();
  });

  it('is asked for once by many callers, and not again for a while', async () => {
    await replica().write('palette', { value: 'hot', expiresAt: inAnHour() });
    const store = replica();
    const first = await Promise.all(Array.from({ length: 50 }, () => store.read('palette')));
    expect(new Set(first.map((token) => token?.value))).toEqual(new Set(['hot']));
    await pool.query('TRUNCATE provider_session');
    expect((await store.read('palette'))?.value).toBe('hot');
  });

  it('is given from memory for one second, and then as another replica has replaced it', async () => {
    const clock = { now: () => now, sleep: systemClock.sleep };
    let now = Date.now();
    const store = replica({ clock });
    const other = replica({ clock });
    await store.write('palette', { value: 'before', expiresAt: inAnHour() });
    await other.write('palette', { value: 'after', expiresAt: inAnHour() });
    now += 999;
    expect((await store.read('palette'))?.value).toBe('before');
    now += 1;
    expect((await store.read('palette'))?.value).toBe('after');
  });

  it('that has ended makes room when another is stored, some at a time', async () => {
    await pool.query(
      `INSERT INTO provider_session SELECT 'gone-' || n, '\\x00', now() - interval '2 hours' FROM generate_series(1, 150) n`,
    );
    await pool.query(
      `INSERT INTO provider_session VALUES ('just ended', '\\x00', now() - interval '1 minute')`,
    );
    const count = async () =>
      Number((await pool.query('SELECT count(*) FROM provider_session')).rows[0].count);
    const store = replica();
    await store.write('palette', { value: 'x', expiresAt: inAnHour() });
    expect(await count()).toBe(52);
    await store.write('palette', { value: 'y', expiresAt: inAnHour() });
    expect(await count()).toBe(2);
  });

  it('may be stored by many at once while old ones are removed', async () => {
    const stores = Array.from({ length: 4 }, () => replica());
    for (let round = 0; round < 5; round++) {
      await pool.query(
        `INSERT INTO provider_session SELECT 'name-' || n, '\\x00', now() - interval '2 hours' FROM generate_series(0, 19) n
         ON CONFLICT (name) DO UPDATE SET expires_at = excluded.expires_at`,
      );
      await Promise.all(
        Array.from({ length: 40 }, (_, index) =>
          (stores[index % 4] as PostgresTokens).write(`name-${index % 20}`, {
            value: 'x',
            expiresAt: inAnHour(),
          }),
        ),
      );
    }
    expect((await replica().read('name-7'))?.value).toBe('x');
  });

  it('is told to whoever keeps secrets out of the log', async () => {
    const told: string[][] = [];
    const onToken = (name: string, value: string) => void told.push([name, value]);
    await replica({ onToken }).write('palette', { value: 'mine', expiresAt: inAnHour() });
    await replica({ onToken }).read('palette');
    expect(told).toEqual([
      ['palette', 'mine'],
      ['palette', 'mine'],
    ]);
  });
});

describe('exclusive', () => {
  it('lets one in at a time, over all replicas, and each sees what the one before it stored', async () => {
    const replicas = [replica(), replica(), replica()];
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 12 }, (_, index) => {
        const store = replicas[index % replicas.length] as PostgresTokens;
        return store.exclusive('palette', async () => {
          inside += 1;
          most = Math.max(most, inside);
          const before = Number((await store.read('palette'))?.value ?? 0);
          await store.write('palette', { value: String(before + 1), expiresAt: inAnHour() });
          inside -= 1;
        });
      }),
    );
    expect(most).toBe(1);
    expect((await replica().read('palette'))?.value).toBe('12');
  });

  it('of one name holds up no other, however many are inside at once', async () => {
    const store = replica();
    const all = Promise.withResolvers<void>();
    let inside = 0;
    const work = (index: number) => async () => {
      inside += 1;
      if (inside === 20) all.resolve();
      await all.promise; // nobody leaves before everybody is in
      await store.write(`account-${index}`, { value: 'x', expiresAt: inAnHour() });
    };
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => store.exclusive(`account-${index}`, work(index))),
    );
    const { rows } = await pool.query<{ sessions: string }>(
      `SELECT count(*) AS sessions FROM pg_stat_activity
       WHERE datname = current_database() AND application_name IN ('fleetgate sessions', 'fleetgate locks')`,
    );
    expect(Number(rows[0]?.sessions)).toBeLessThanOrEqual(3);
  });

  it('gives up waiting after its patience, here and at another replica, without letting the next one pass', async () => {
    const [one, two] = [replica({ lockPatienceMs: 200 }), replica({ lockPatienceMs: 200 })];
    const leave = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<void>();
    const order: string[] = [];
    const holder = one.exclusive('palette', async () => {
      entered.resolve();
      await leave.promise;
      order.push('holder left');
    });
    await entered.promise;
    for (const store of [one, two]) {
      const refused = await store
        .exclusive('palette', async () => order.push('passed'))
        .catch((error) => error);
      expect(refused).toBeInstanceOf(Fault);
      expect(refused).toMatchObject({ code: 'unavailable' });
    }
    const patient = replica();
    const next = patient.exclusive('palette', async () => void order.push('next'));
    leave.resolve();
    await Promise.all([holder, next]);
    await one.exclusive('palette', async () => void order.push('again'));
    expect(order).toEqual(['holder left', 'next', 'again']);
  });

  it('passes on what the work throws, and lets the next one in', async () => {
    const store = replica();
    const failure = new Fault('unauthenticated', 'no');
    await expect(store.exclusive('palette', () => Promise.reject(failure))).rejects.toBe(failure);
    expect(await store.exclusive('palette', async () => 'in')).toBe('in');
  });

  it('goes on after the session that holds the locks was cut', async () => {
    const store = replica();
    await store.exclusive('palette', async () => {
      await pool.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'fleetgate locks'`,
      );
      await sleep(50);
    });
    expect(await store.exclusive('palette', async () => 'in')).toBe('in');
  });

  it('ends with the store: who waits is refused', async () => {
    const [one, two] = [replica(), replica()];
    const leave = Promise.withResolvers<void>();
    const entered = Promise.withResolvers<void>();
    const holder = one.exclusive('palette', async () => {
      entered.resolve();
      await leave.promise;
    });
    await entered.promise;
    const waiting = two.exclusive('palette', async () => 'in').catch((error: unknown) => error);
    await sleep(50);
    await stores.splice(stores.indexOf(two), 1)[0]?.close();
    expect(await waiting).toMatchObject({ code: 'unavailable' });
    leave.resolve();
    await holder;
  });
});

describe('a database that is not there', () => {
  it('is the fault unavailable, whatever was asked', async () => {
    const connection = { host: '127.0.0.1', port: 1, user: 'nobody', database: 'none' };
    const store = replica({ connection });
    for (const asked of [
      store.read('palette'),
      store.write('palette', { value: 'x', expiresAt: inAnHour() }),
      store.exclusive('palette', async () => 'in'),
    ]) {
      await expect(asked).rejects.toMatchObject({ name: 'Fault', code: 'unavailable' });
    }
  });
});
