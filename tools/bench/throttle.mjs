// What counting calls costs, as a share of the CPU that a list takes.
import { execFileSync, spawn } from 'node:child_process';
import { Decision } from '../../apps/gateway/dist/throttle/decision.js';
import { LocalCounters } from '../../apps/gateway/dist/throttle/local-counters.js';
import { ruleSet } from '../../apps/gateway/dist/throttle/rules.js';
import { systemClock } from '../../libs/provider-runtime/dist/index.js';
import { number, row, title } from './print.mjs';
import { cpuSeconds, startLoad } from './processes.mjs';
import { authorization, startFleetManager, startGateway } from './stack.mjs';

const seconds = 12;
/** A gateway whose CPU matters is asked by many at once; the more wait for Redis together, the less it costs each. */
const crowds = [32, 128];
const limit = 100_000_000;
const ready = '/v1/clusters?limit=100';
const redisPort = 20_000 + Math.floor(Math.random() * 20_000);

export async function throttle(_target, url) {
  title(
    'Throttling by plan and burst: CPU of the gateway for a list of 100, counted and not, in slices of time in turn',
  );
  const upstream = await startFleetManager(2000);
  const redis = await startRedis();
  try {
    await measure('in the process', url, upstream, {});
    if (redis)
      await measure('in Redis', url, upstream, { FLEETGATE_REDIS_URL: `redis://127.0.0.1:${redisPort}` });
    else row('in Redis', 'left out', 'no redis-server is installed');
    decisions();
  } finally {
    await upstream.stop();
    redis?.kill();
  }
}

async function measure(where, url, upstream, env) {
  const gateway = await startGateway(url, upstream, { program: 'tools/bench/half-throttled.mjs', env });
  const load = await startLoad();
  try {
    await gateway.synced(0);
    const headers = { authorization: await makeKey(gateway) };
    const ask = (connections, paths, time) =>
      load.run({ connections, port: gateway.port, paths, headers, seconds: time });
    await ask(crowds[0], [ready], 3);
    const costs = [];
    for (const crowd of crowds) {
      gateway.child.send('in turn');
      await ask(crowd, [ready], seconds);
      const { counted, free } = await slicesOf(gateway);
      const [ours, without] = [counted.cpu / counted.calls, free.cpu / free.calls];
      costs.push(ours - without);
      const share = number((ours / without - 1) * 100, 1);
      row(`a ready list, counted ${where}, ${crowd} at a time`, `${share} %`, '< 5 % of a list');
      const calls = `of ${number(counted.calls)} : ${number(free.calls)} calls`;
      row('', `${number(ours, 1)} : ${number(without, 1)} µs`, calls);
    }
    const before = cpuSeconds(gateway.pid);
    const { requests } = await ask(crowds[0], uncached(), 4);
    const each = ((cpuSeconds(gateway.pid) - before) / requests) * 1e6;
    const share = number((costs[0] / each) * 100, 1);
    row('the first cost, of a list that is read', `${share} %`, `of ${number(each)} µs`);
    if (env.FLEETGATE_REDIS_URL) await commands(ask, gateway, headers);
  } finally {
    await load.stop();
    await gateway.stop();
  }
}

/** No two of them alike, so that none is ready. */
const uncached = () =>
  Array.from(
    { length: 8000 },
    (_, n) => `${ready}&updated_since=${new Date(Date.UTC(2025, 0, 1) + n * 1000).toISOString()}`,
  );

/** The value of an Authorization header: a key of a team that has as much as can be had. */
async function makeKey(gateway) {
  const made = async (path, body) => {
    const response = await fetch(`http://127.0.0.1:${gateway.port}${path}`, {
      method: 'POST',
      headers: { authorization, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()).data;
  };
  const { slug } = await made('/v1/teams', {
    name: `Bench ${Date.now()}`,
    plan: 'enterprise',
    hourly_limit: limit,
  });
  return `Bearer ${(await made('/v1/api-keys', { name: 'bench', team: slug, scopes: ['read'] })).key}`;
}

function slicesOf(gateway) {
  return new Promise((resolve) => {
    gateway.child.on('message', ({ type, slices }) => type === 'slices' && resolve(slices));
    gateway.child.send('tell');
  });
}

/** Scripts that Redis has run, less one a second, by which the replica says that it is there. */
async function commands(ask, gateway, headers) {
  const run = () => Number(/cmdstat_evalsha:calls=(\d+)/.exec(redisCli('info', 'commandstats'))?.[1] ?? 0);
  const counted = async (calls) => {
    const [before, started] = [run(), performance.now()];
    const many = await calls();
    const beats = Math.round((performance.now() - started) / 1000);
    return [many, run() - before - beats];
  };
  const [alone, each] = await counted(async () => {
    for (let call = 0; call < 500; call++) await gateway.get(ready, headers);
    return 500;
  });
  row(`commands for ${alone} calls, one after the other`, number(each), '≤ 1 each');
  const [together, shared] = await counted(async () => (await ask(crowds[0], [ready], 3)).requests);
  row(`commands for ${number(together)} calls, ${crowds[0]} at a time`, number(shared));
}

/** The part that is ours alone: counting by two rules, and the lines of the head. */
function decisions() {
  const counters = new LocalCounters(systemClock);
  const set = ruleSet([
    { name: 'plan', subject: 'team', limit, windowSeconds: 3600 },
    { name: 'burst', subject: 'key', limit, windowSeconds: 10 },
  ]);
  let best = Number.POSITIVE_INFINITY;
  for (let turn = 0; turn < 50; turn++) {
    const started = performance.now();
    for (let call = 0; call < 20_000; call++) new Decision(counters.taken(set)).lines;
    best = Math.min(best, (performance.now() - started) / 20_000);
  }
  row('a decision alone, and its lines', `${number(best * 1e6)} ns`);
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
  for (;;) {
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
