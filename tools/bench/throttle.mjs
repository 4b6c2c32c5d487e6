// What counting calls costs, of the time of a ready list: the gateway as it is beside one that counts none of them.
import { execFileSync, spawn } from 'node:child_process';
import { Decision } from '../../apps/gateway/dist/throttle/decision.js';
import { LocalCounters } from '../../apps/gateway/dist/throttle/local-counters.js';
import { ruleSet } from '../../apps/gateway/dist/throttle/rules.js';
import { systemClock } from '../../libs/provider-runtime/dist/index.js';
import { number, row, title } from './print.mjs';
import { startLoad, versus } from './processes.mjs';
import { authorization, startFleetManager, startGateway } from './stack.mjs';

const rounds = { pairs: 31, seconds: 0.4 };
const path = '/v1/clusters?limit=100';
const redisPort = 20_000 + Math.floor(Math.random() * 20_000);

export async function throttle(_target, url) {
  title('Throttling: CPU of the gateway for a ready list of 100, with it and without');
  const upstream = await startFleetManager(2000);
  const free = await startGateway(url, upstream, { program: 'tools/bench/unthrottled.mjs' });
  const redis = await startRedis();
  const started = [free];
  try {
    await free.synced(0);
    const gateways = {
      'counted in the process': {},
      'counted in Redis': { FLEETGATE_REDIS_URL: `redis://127.0.0.1:${redisPort}` },
    };
    for (const [name, env] of Object.entries(gateways)) {
      if (name === 'counted in Redis' && !redis) {
        row(name, 'left out', 'no redis-server is installed');
        continue;
      }
      const gateway = await startGateway(url, upstream, { env });
      started.push(gateway);
      await warm(gateway);
      await warm(free);
      const result = await versus(load(gateway), load(free), rounds);
      const cost = 1e6 / result.a - 1e6 / result.b;
      row(name, `${number((cost / (1e6 / result.b)) * 100, 1)} %`, '< 5 % of a list');
      row(
        '',
        `${number(1e6 / result.a, 1)} : ${number(1e6 / result.b, 1)} µs`,
        `p99 ${result.p99.a.toFixed(1)} : ${result.p99.b.toFixed(1)} ms`,
      );
      if (name === 'counted in Redis') await commands(gateway);
    }
    decision();
  } finally {
    for (const gateway of started) await gateway.stop();
    await upstream.stop();
    redis?.kill();
  }
}

const load = ({ pid, port }) => ({
  pid,
  options: { connections: 32, port, paths: [path], headers: { authorization } },
});

/** The first call for a list makes it, the second keeps it. */
async function warm(gateway) {
  for (let call = 0; call < 3; call++) await gateway.get(path);
}

async function commands(gateway) {
  const counted = () => {
    const stats = redisCli('info', 'commandstats');
    return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0);
  };
  const one = counted();
  for (let call = 0; call < 100; call++) await gateway.get(path);
  row(
    'commands for 100 calls, one after the other',
    number(counted() - one),
    '≤ 1 each; a beat a second beside',
  );
  const before = counted();
  const caller = await startLoad();
  const { requests } = await caller.run({ ...load(gateway).options, seconds: 3 });
  await caller.stop();
  row(`commands for ${number(requests)} calls, 32 at a time`, number(counted() - before));
}

/** The part that is ours alone: counting by two rules, and the headers as texts. */
function decision() {
  const counters = new LocalCounters(systemClock);
  const limit = 999_999_999;
  const set = ruleSet([
    { name: 'plan', subject: 'team', limit, windowSeconds: 3600 },
    { name: 'burst', subject: 'key', limit, windowSeconds: 10 },
  ]);
  const times = 1_000_000;
  for (const _ of [1, 2]) {
    const started = performance.now();
    for (let call = 0; call < times; call++) new Decision(counters.take(set)).lines;
    if (_ === 2)
      row('a decision by plan and burst, headers made', `${number(performance.now() - started)} ns`);
  }
}

async function startRedis() {
  try {
    execFileSync('redis-server', ['--version']);
  } catch {
    return undefined; // not installed: that row is left out
  }
  const child = spawn('redis-server', ['--port', String(redisPort), '--bind', '127.0.0.1', '--save', ''], {
    stdio: 'ignore',
  });
  while (true) {
    try {
      if (redisCli('ping').trim() === 'PONG') return child;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50)); // not up yet
    }
  }
}

function redisCli(...words) {
  return execFileSync('redis-cli', ['-p', String(redisPort), ...words], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}
