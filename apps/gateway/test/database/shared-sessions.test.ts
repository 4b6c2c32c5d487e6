import pg from 'pg';
import { SharedSessions } from '../../src/database/shared-sessions.ts';
import { createTestDatabase, type TestDatabase } from '../setup/test-database.ts';

const most = 2;

describe('sessions that many share', () => {
  let database: TestDatabase;
  let pool: pg.Pool;
  let sessions: SharedSessions;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  beforeEach(() => {
    pool = new pg.Pool({ ...database.config, max: 5, pipeline: true } as pg.PoolConfig);
    pool.on('error', () => undefined); // an idle session that a test has ended
    sessions = new SharedSessions(pool, most);
  });
  afterEach(() => pool.end());
  afterAll(() => database.drop());

  const ask = async <T>(text: string, values: unknown[] = []) =>
    (await sessions.query({ text, values, rowMode: 'array' })).rows.map(([value]) => value as T);

  it('answers each of many with its own rows, on no more sessions than it may take', async () => {
    const backends = new Set<number>();
    const answers = await Promise.all(
      Array.from({ length: 200 }, async (_, n) => {
        const { rows } = await sessions.query({
          name: 'both',
          text: 'SELECT $1::int, pg_backend_pid()',
          values: [n],
          rowMode: 'array',
        });
        const [[number, backend]] = rows as [[number, number]];
        backends.add(backend);
        return number;
      }),
    );
    expect(answers).toEqual(Array.from({ length: 200 }, (_, n) => n));
    expect(backends.size).toBe(most);
  });

  it('sends what is asked in one turn in one write', async () => {
    await ask('SELECT 1');
    const client = await pool.connect();
    const { stream } = (client as unknown as { connection: { stream: { _writev: unknown } } }).connection;
    const write = stream._writev as (...args: unknown[]) => void;
    let writes = 0;
    stream._writev = (...args: unknown[]) => {
      writes += 1;
      Reflect.apply(write, stream, args);
    };
    client.release();
    await Promise.all(Array.from({ length: 6 }, (_, n) => ask('SELECT $1::int', [n])));
    expect(writes).toBe(1);
  });

  it('lets a statement that fails fail alone', async () => {
    const answers = await Promise.allSettled([
      ask<number>('SELECT 1'),
      ask('SELECT 1 / 0'),
      ask<number>('SELECT 3'),
      ask('SELECT nothing'),
      ask<number>('SELECT $1::int', [5]),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(answers.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))).toEqual([1, 3, 5]);
  });

  it('gives its sessions back when nobody asks', async () => {
    await Promise.all(Array.from({ length: 50 }, () => ask('SELECT 1')));
    expect(pool.idleCount).toBe(pool.totalCount);
    const all = await Promise.all(Array.from({ length: 5 }, () => pool.connect()));
    for (const client of all) client.release();
  });

  it('rejects what is under way on a session that is lost, and goes on with another', async () => {
    const lost = Promise.allSettled([ask('SELECT pg_sleep(30)'), ask('SELECT 2')]);
    const [backend] = await until(async () => {
      const { rows } = await pool.query(
        "SELECT pid FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(30)'",
      );
      return rows.map(({ pid }) => pid as number);
    });
    await pool.query('SELECT pg_terminate_backend($1)', [backend]);
    expect((await lost).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await ask<number>('SELECT 3')).toEqual([3]);
    expect(pool.idleCount).toBe(pool.totalCount);
  });
});

async function until<T>(look: () => Promise<T[]>): Promise<T[]> {
  for (;;) {
    const found = await look();
    if (found.length > 0) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
