// What counting calls costs, of the time of a ready list: the gateway as it is beside one that counts none of them.
import { execFileSync, spawn } from 'node:child_process';
import { decisionOf } from '../../apps/gateway/dist/throttle/decision.js';
import { LocalCounters } from '../../apps/gateway/dist/throttle/local-counters.js';
import { ruleSet } from '../../apps/gateway/dist/throttle/rules.js';
import { systemClock } from '../../libs/provider-runtime/dist/index.js';
import { number, row, title } from './print.mjs';
import { round } from './processes.mjs';
import { authorization, startFleetManager, startGateway } from './stack.mjs';

const seconds = 15;
const path = '/v1/clusters?limit=100';
const redisPort = 20_000 + Math.floor(Math.random() * 20_000);

export async function throttle(_target, url) {
  title('Throttling: CPU of the gateway for a ready list of 100, counted and not, in slices of time in turn');
  const upstream = await startFleetManager(2000);
  const redis = await startRedis();
  try {
    await measure('counted in the process', url, upstream, {});
    if (redis)
      await measure('counted in Redis', url, upstream, {
        FLEETGATE_REDIS_URL: `redis://127.0.0.1:${redisPort}`,
      });
    else row('counted in Redis', 'left out', 'no redis-server is installed');
    decision();
  } finally {
    await upstream.stop();
    redis?.kill();
  }
}

async function measure(name, url, upstream, env) {
  const gateway = await startGateway(url, upstream, { program: 'tools/bench/half-throttled.mjs', env });
  try {
    await gateway.synced(0);
    await warm(gateway);
    await round(gateway.pid, load(gateway, 1));
    gateway.child.send('forget');
    await round(gateway.pid, load(gateway, seconds));
    const told = new Promise((resolve) => {
      gateway.child.on('message', (message) => message.type === 'figures' && resolve(message.kinds));
    });
    gateway.child.send('tell');
    const { counted, free } = await told;
    const [ours, without] = [counted.cpu / counted.calls, free.cpu / free.calls];
    row(name, `${number((ours / without - 1) * 100, 1)} %`, '< 5 % of a list');
    row(
      '',
      `${number(ours, 1)} : ${number(without, 1)} µs`,
      `${number(counted.calls)} : ${number(free.calls)} calls`,
    );
    if (env.FLEETGATE_REDIS_URL) await commands(gateway);
  } finally {
    await gateway.stop();
  }
}

const load = ({ port }, seconds) => ({
  seconds,
  connections: 32,
  port,
  paths: [path],
  headers: { authorization },
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
  const { requests } = await round(gateway.pid, load(gateway, 3));
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
    for (let call = 0; call < times; call++) decisionOf(counters.take(set));
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
