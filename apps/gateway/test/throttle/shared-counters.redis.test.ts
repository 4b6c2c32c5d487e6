import { systemClock } from '@fleetgate/provider-runtime';
import { Replicas } from '../../src/redis/replicas.ts';
import { SharedRedis } from '../../src/redis/shared-redis.ts';
import type { Taken } from '../../src/throttle/counters.ts';
import { type Rule, type RuleSet, ruleSet } from '../../src/throttle/rules.ts';
import { SharedCounters } from '../../src/throttle/shared-counters.ts';
import { eventually } from '../e2e/stack.ts';
import { type RedisServer, startRedis } from './redis-server.ts';

let server: RedisServer;
const open: { redis: SharedRedis; replicas: Replicas }[] = [];
const warnings: string[] = [];
beforeAll(async () => {
  server = await startRedis();
});
afterEach(async () => {
  for (const { replicas } of open) await replicas.stop();
  for (const { redis } of open.splice(0)) redis.close();
});
afterAll(() => server?.close());

let subjects = 0;
const plan = (limit: number): RuleSet => {
  const rule: Rule = { name: 'plan', subject: `team_${++subjects}`, limit, windowSeconds: 3600 };
  return ruleSet([rule, { ...rule, name: 'burst', limit: 10_000, windowSeconds: 10 }]);
};

/** What one gateway has; each test has gateways of its own. They are patient, as a busy machine is none that hangs. */
async function gateway(patienceMs = 3000) {
  const log = { warn: (message: string, error?: Error) => void warnings.push(`${message} ${error?.stack}`) };
  const redis = new SharedRedis({ url: server.url, prefix: 'test:', patienceMs, log, random: Math.random });
  const replicas = new Replicas({ redis, log: { log: () => undefined }, every: 100 });
  const shared = new SharedCounters({ redis, replicas }, systemClock);
  open.push({ redis, replicas });
  await redis.connect(2000);
  await replicas.start();
  const counters = {
    take: (set: RuleSet) => new Promise<Taken>((resolve) => shared.take(set, resolve)),
    look: (set: RuleSet) => new Promise<Taken>((resolve) => shared.look(set, resolve)),
  };
  return { counters, redis };
}

const admittedOf = (taken: readonly Taken[]) => taken.filter(({ admitted }) => admitted).length;
const takeMany = (counters: { take(set: RuleSet): Promise<Taken> }, set: RuleSet, calls: number) =>
  Promise.all(Array.from({ length: calls }, () => counters.take(set)));

it('1,000 calls at once over three replicas let exactly 100 of 100 through, numbered without a gap', async () => {
  const gateways = [await gateway(), await gateway(), await gateway()];
  const set = plan(100);
  const calls = Array.from({ length: 1000 }, (_, n) =>
    (gateways[n % 3] as (typeof gateways)[0]).counters.take(set),
  );
  const taken = await Promise.all(calls);
  const used = taken.filter(({ admitted }) => admitted).map(({ counts }) => counts[0]?.used as number);
  expect(used.sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, n) => n + 1));
  expect(new Set(taken.map(({ counts }) => counts[0]?.end)).size).toBe(1);
  expect(taken.some(({ local }) => local)).toBe(false);
  expect(await gateways[0]?.counters.look(set)).toMatchObject({ counts: [{ used: 100 }, { used: 100 }] });
});

it('a call costs one command, and calls that come together share it', async () => {
  const { counters } = await gateway();
  const bare = server.client();
  const commands = async () =>
    Number(/cmdstat_evalsha:calls=(\d+)/.exec(await bare.info('commandstats'))?.[1] ?? 0);
  const set = plan(1000);
  await counters.take(set); // the first one of a connection carries the script itself
  const before = await commands();
  await counters.take(set);
  expect((await commands()) - before).toBe(1);
  await Promise.all([
    ...Array.from({ length: 50 }, () => counters.take(set)),
    counters.take(plan(5)),
    counters.look(set),
  ]);
  expect((await commands()) - before).toBe(2);
});

it('the window ends at the server, at the second that was told', async () => {
  const { counters } = await gateway();
  const bare = server.client();
  const set = ruleSet([{ name: 'burst', subject: 'short', limit: 2, windowSeconds: 2 }]);
  const taken = await takeMany(counters, set, 3);
  expect(admittedOf(taken)).toBe(2);
  const end = taken[0]?.counts[0]?.end as number;
  expect(await bare.call('PEXPIRETIME', 'test:throttle:burst:short')).toBe(end * 1000);
  await eventually('a new window', async () => (await counters.take(set)).admitted);
  const [seconds, micros] = (await bare.time()) as unknown as [string, string];
  expect(Number(seconds) + Number(micros) / 1e6).toBeGreaterThanOrEqual(end);
});

it('without Redis each replica gives its share, says so, and adds it to the counter of all when Redis is back', async () => {
  const [one, two] = [await gateway(), await gateway()];
  await eventually('both know of two', () => open.every(({ replicas }) => replicas.count === 2));
  const set = plan(100);
  await server.kill();
  await eventually('both have lost it', () => !one.redis.up && !two.redis.up);
  const [a, b] = [await takeMany(one.counters, set, 80), await takeMany(two.counters, set, 30)];
  expect([...a, ...b].every(({ local }) => local)).toBe(true);
  expect(a[0]?.set.policy).toContain('"plan";q=50;');
  expect([admittedOf(a), admittedOf(b)]).toEqual([50, 30]);

  await server.start();
  await eventually('both have it again', () => one.redis.up && two.redis.up);
  expect(await two.counters.take(set)).toMatchObject({ local: false, counts: [{ used: 81 }, { used: 81 }] });
  expect(admittedOf(await takeMany(one.counters, set, 50))).toBe(19);
});

it('a Redis that hangs holds nobody up, and what it does late is not counted twice', async () => {
  const { counters, redis } = await gateway(50);
  const set = plan(1000);
  await takeMany(counters, set, 10);
  server.freeze();
  const first = await takeMany(counters, set, 5); // sent, and counted by Redis once it goes on
  const rest = await takeMany(counters, set, 20); // not sent
  expect([...first, ...rest].every(({ admitted, local }) => admitted && local)).toBe(true);
  expect(redis.up).toBe(false);
  server.thaw();
  await eventually('it is back', () => redis.up);
  expect(await counters.take(set)).toMatchObject({ local: false, counts: [{ used: 36 }, { used: 36 }] });
});

it('a Redis that hangs for good is given up, and nothing of it is left unhandled', async () => {
  const { counters, redis } = await gateway(50);
  server.freeze();
  await takeMany(counters, plan(10), 3);
  await server.kill();
  await server.start();
  await eventually('the new one is found', () => redis.up);
  expect(await counters.take(plan(10))).toMatchObject({ local: false });
});

it('an error of a script is no reason to refuse anybody', async () => {
  const { counters } = await gateway();
  const bare = server.client();
  const set = plan(3);
  await bare.lpush(`test:throttle:plan:${set.rules[0]?.subject}`, 'no number');
  await bare.expire(`test:throttle:plan:${set.rules[0]?.subject}`, 100);
  expect(await counters.take(set)).toMatchObject({ admitted: true, local: true });
});

it('is told once for each loss, without the password', () => {
  const password = new URL(server.url).password;
  expect(warnings.filter((line) => line.startsWith('Redis is lost')).length).toBeGreaterThanOrEqual(3);
  expect(warnings.filter((line) => line.startsWith('Redis is back')).length).toBeGreaterThanOrEqual(3);
  expect(warnings.join()).not.toContain(password);
});
