import { type ConnectedProvider, memoryTokens, newCall, systemClock } from '@fleetgate/provider-runtime';
import { startUpstream, type Upstream } from '@fleetgate/sandbox';
import { pino } from 'pino';
import { Connector } from '../../src/connections/connector.ts';
import { installedProviders } from '../../src/connections/installed.ts';
import { LocalShare } from '../../src/connections/local-share.ts';
import { UpstreamLimits } from '../../src/connections/shared-limits.ts';
import { Redaction } from '../../src/logging/redaction.ts';
import { AllowedNetworks } from '../../src/outbound/allowed-networks.ts';
import { OutboundGuard } from '../../src/outbound/outbound-guard.ts';
import { Replicas } from '../../src/redis/replicas.ts';
import { SharedRedis } from '../../src/redis/shared-redis.ts';
import { eventually } from '../e2e/stack.ts';
import { type RedisServer, startRedis } from '../throttle/redis-server.ts';

/** What one process has of its own. */
interface Process {
  readonly redis: SharedRedis;
  readonly replicas: Replicas;
  readonly connector: Connector;
  readonly limits: UpstreamLimits;
}

/** so slow that nothing is filled up while a test runs */
const slow = { concurrency: 32, requestsPerSecond: 0.01, burst: 10 };

let server: RedisServer;
let upstream: Upstream;
const processes: Process[] = [];
let callers = new AbortController();

async function start(): Promise<void> {
  const log = { warn: () => undefined, log: () => undefined };
  // Patient, as a busy machine is none that hangs.
  const redis = new SharedRedis({
    url: server.url,
    prefix: 'test:',
    patienceMs: 3000,
    log,
    random: Math.random,
  });
  const replicas = new Replicas({ redis, log, every: 100 });
  const limits = new UpstreamLimits(systemClock);
  const connector = new Connector({
    providers: installedProviders,
    tokens: memoryTokens(systemClock),
    logger: pino({ level: 'silent' }),
    redaction: new Redaction(),
    sessionKey: Buffer.alloc(32, 1),
    lookup: new OutboundGuard(new AllowedNetworks(['127.0.0.0/8'])).lookup,
    limits,
  });
  limits.join({ redis, replicas });
  await redis.connect(2000);
  await replicas.start();
  processes.push({ redis, replicas, connector, limits });
}

beforeAll(async () => {
  server = await startRedis();
  upstream = await startUpstream('fleet-manager', { scale: 100, frozen: true });
  await start();
  await start();
  await eventually('each knows of the other', () => processes.every(({ replicas }) => replicas.count === 2));
});
beforeEach(async () => {
  callers = new AbortController();
  await server.client().flushall();
  upstream.control.clear();
  upstream.control.forget();
});
afterEach(() => callers.abort());
afterAll(async () => {
  for (const { replicas, redis, connector } of processes) {
    await replicas.stop();
    redis.close();
    await connector.close();
  }
  await upstream?.close();
  await server?.close();
});

/** A connection of one account in each process, named as it likes. */
function connectBoth(limits: object = slow): ConnectedProvider[] {
  return processes.map(({ connector }, index) => {
    const definition = connector.definition('fleet-manager');
    if (!definition) throw new Error('fleet-manager is not installed');
    const { apiKey } = upstream.credentials;
    const settings = definition.settings.parse({ baseUrl: upstream.baseUrl, apiKey, limits });
    const config = {
      slug: `fm-${index}`,
      provider: definition.id,
      team: null,
      syncIntervalMs: 60_000,
      settings,
    };
    return connector.connect(definition, config);
  });
}

/** Reads of different things, so that none is answered by another; what came of each. */
function read(provider: ConnectedProvider | undefined, from: number, count: number) {
  return Array.from({ length: count }, async (_, index) => {
    const call = newCall({ requestId: `req_${from + index}`, signal: callers.signal, random: Math.random });
    try {
      await provider?.clusters?.get({ key: [`no-${from + index}`] }, call);
      return 'found';
    } catch (error) {
      return (error as { code?: string }).code;
    }
  });
}

const arrived = () => upstream.control.requests().length;
/** A request too many would have come by then; one that comes later is not missed on a quick machine. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 300));

it('two processes together keep the declared rate of one account', async () => {
  const [first, second] = connectBoth();
  const calls = [...read(first, 0, 20), ...read(second, 20, 20)];
  await eventually('the burst has gone', () => arrived() >= slow.burst);
  await settled();
  expect(arrived()).toBe(slow.burst);
  callers.abort();
  await Promise.all(calls);
});

it('what they keep in Redis shows neither credential nor address, and ends by itself', async () => {
  const [first] = connectBoth();
  await Promise.all(read(first, 0, 1));
  const client = server.client();
  const keys = (await client.keys('test:limits:*')).sort();
  expect(keys).toEqual([expect.stringMatching(/^test:limits:[\w-]{24}$/)]);
  expect(await client.pttl(keys[0] ?? '')).toBeGreaterThan(0);
  const kept = JSON.stringify([keys, await client.hgetall(keys[0] ?? '')]);
  for (const secret of [upstream.credentials['apiKey'] ?? 'none', new URL(upstream.origin).host])
    expect(kept).not.toContain(secret);
});

it('a Retry-After that one is given holds back the other', async () => {
  const [first, second] = connectBoth({ concurrency: 32, requestsPerSecond: 1000, burst: 1000 });
  upstream.control.inject({ fault: { kind: 'rate_limited', retryAfterSeconds: 50 }, times: 1 });
  expect(await Promise.all(read(first, 0, 1))).toEqual(['rate_limited']);
  const client = server.client();
  await eventually('the pause is known', async () => {
    const [key = ''] = await client.keys('test:limits:*');
    return Number(await client.hget(key, 'paused')) > Date.now() + 20_000;
  });
  const before = arrived();
  expect(await Promise.all(read(second, 1, 5))).toEqual(Array(5).fill('rate_limited'));
  expect(arrived()).toBe(before);
});

it('without Redis each goes on with its share, and with it again they share', async () => {
  const [first, second] = connectBoth();
  await server.kill();
  await eventually('it is lost', () => processes.every(({ redis }) => !redis.up));
  const calls = [...read(first, 0, 5), ...read(second, 5, 5)];
  await eventually('each has sent what it may', () => arrived() >= 2);
  await settled();
  expect(arrived()).toBe(2);
  expect(processes.every(({ limits }) => limits.figures.local > 0)).toBe(true);

  await server.start();
  // Those that wait ask it, and are given one: what was used meanwhile is not known.
  await eventually('it is asked again', () => arrived() >= 3);
  const before = processes.map(({ limits }) => limits.figures.shared);
  await eventually('by both', () =>
    processes.every(({ limits }, index) => limits.figures.shared > (before[index] ?? 0)),
  );
  await settled();
  expect(arrived()).toBe(3);
  callers.abort();
  await Promise.all(calls);
});

it('one that hangs holds no call up for longer than it is given', async () => {
  const [first] = connectBoth();
  server.freeze();
  const calls = read(first, 0, 1);
  await eventually('it has gone by the share of this process', () => arrived() >= 1);
  server.thaw();
  await Promise.all(calls);
  await eventually('Redis is back', () => processes.every(({ redis }) => redis.up));
});

it('the share of one is the rate by the number of processes', () => {
  const limits = { concurrency: 8, perSecond: 10, burst: 20 };
  const asked = { limits, wanted: 100, keep: 0 };
  const share = new LocalShare(0);
  expect(share.take(asked, 4, 0).requests).toBe(1);
  expect(share.take(asked, 4, 0)).toEqual({ requests: 0, againInMs: 400 });
  expect(share.take(asked, 4, 400).requests).toBe(1);
  expect(share.take(asked, 4, 60_400).requests).toBe(5);
  expect(share.take({ ...asked, keep: 4 }, 4, 60_800)).toEqual({ requests: 0, againInMs: 1600 });
});
