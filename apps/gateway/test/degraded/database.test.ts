import { ErrorBody } from '@fleetgate/model';
import { DatabaseGate, DatabaseLost, lossOf } from '../../src/database/database-lost.ts';
import { eventually, type Stack, startStack, syncsGoOn } from '../e2e/stack.ts';
import { Cable } from './cable.ts';

let stack: Stack;
let cable: Cable;
beforeAll(async () => {
  stack = await startStack(
    [{ slug: 'chime', upstream: 'chimestack', scale: 20, syncIntervalMs: 1000 }],
    {},
    undefined,
    async (target) => {
      cable = new Cable(target);
      return cable.lay();
    },
  );
  await stack.reach('fresh');
});
afterAll(async () => {
  await stack?.close();
  await cable?.cut();
});

const statusOf = async (path: string) => (await stack.ask(path)).status;
const list = (n: number) => stack.ask(`/v1/clusters?limit=${(n % 90) + 1}&q=${n}`);

it('a database that is away for a while: 503 at once with Retry-After, no pile-up, and all is well again by itself', async () => {
  await cable.cut();
  await eventually('it is noticed', async () => (await statusOf('/v1/clusters?q=first')) === 503);
  const began = performance.now();
  const answers = await Promise.all(
    Array.from({ length: 200 }, async (_, n) => {
      const asked = performance.now();
      return { ...(await list(n)), ms: performance.now() - asked };
    }),
  );
  expect(performance.now() - began).toBeLessThan(3000);
  for (const { status, headers, body } of answers) {
    expect(status).toBe(503);
    expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(ErrorBody.parse(body).error).toMatchObject({
      code: 'incomplete',
      message: 'the database does not answer',
    });
  }
  const write = await stack.ask('/v1/teams', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Later' }),
  });
  expect(write.status).toBe(503);
  expect(await statusOf('/livez')).toBe(200);
  expect(await statusOf('/readyz')).toBe(503);
  const metrics = await stack.ask('/metrics');
  expect(metrics.text).toContain('fleetgate_database_up 0');

  await cable.mend();
  await eventually('lists are answered again', async () => (await list(1)).status === 200);
  await eventually('it is ready', async () => (await statusOf('/readyz')) === 200);
  await syncsGoOn(stack, 'chime');
});

it('one that takes what it is sent and answers nothing is not waited for by everybody', async () => {
  cable.freeze(true);
  const first = await Promise.all([statusOf('/readyz'), statusOf('/livez')]);
  expect(first).toEqual([503, 200]);
  cable.freeze(false);
  await eventually('it is well', async () => (await list(2)).status === 200);
});

describe('the gate before it', () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

  it('lets one statement find out, and everyone once that has come through', async () => {
    let now = 0;
    let asked = 0;
    let there = false;
    const gate = new DatabaseGate(() => now);
    const ask = () =>
      gate.pass(async () => {
        asked += 1;
        await new Promise((resolve) => setImmediate(resolve));
        if (!there) throw refused;
        return 'answer';
      });
    await expect(ask()).rejects.toThrow(DatabaseLost);
    const many = () => Promise.allSettled(Array.from({ length: 50 }, ask));
    await many();
    expect(asked).toBe(1);
    now = 1000;
    await many();
    expect(asked).toBe(2);
    there = true;
    now = 2000;
    const [first, ...rest] = await many();
    expect(first).toMatchObject({ status: 'fulfilled', value: 'answer' });
    expect(rest.every(({ status }) => status === 'rejected')).toBe(true);
    expect((await many()).every(({ status }) => status === 'fulfilled')).toBe(true);
  });

  it('takes for a loss what is one, and hands on what is not', async () => {
    const gate = new DatabaseGate();
    const unique = Object.assign(new Error('duplicate key'), { code: '23505' });
    await expect(gate.pass(() => Promise.reject(unique))).rejects.toBe(unique);
    expect(lossOf(refused)).toBe('all');
    expect(lossOf(new AggregateError([refused, refused]))).toBe('all');
    expect(lossOf(new Error('Connection terminated unexpectedly'))).toBe('one');
    expect(lossOf(Object.assign(new Error('x'), { code: '57P01' }))).toBe('one');
    expect(lossOf(unique)).toBeUndefined();
  });
});
