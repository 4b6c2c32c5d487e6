import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { start, stop } from './processes.mjs';

const root = new URL('../..', import.meta.url).pathname;
export const rootKey = 'fg_root_for_benchmarks_only_0000';
export const authorization = `Bearer ${rootKey}`;
const settle = 30 * 60_000;

/** An emulated Fleet Manager of `scale` objects whose clock stands still, in a process of its own. */
export async function startFleetManager(scale) {
  const { child, ready } = await start(join(root, 'tools/bench/upstream.mjs'), [
    'fleet-manager',
    String(scale),
  ]);
  return { pid: child.pid, baseUrl: ready.baseUrl, credentials: ready.credentials, stop: () => stop(child) };
}

/** The gateway as it is shipped, on a database of its own, with one connection for each slug, all to the same upstream. */
export async function startGateway(database, upstream, options = {}) {
  const {
    interval = '24h',
    logLevel = 'info',
    program = 'apps/gateway/dist/main.js',
    env = {},
    slugs = ['fm-bench'],
  } = options;
  const dir = mkdtempSync(join(tmpdir(), 'fleetgate-bench-'));
  const config = join(dir, 'connections.yaml');
  writeFileSync(
    config,
    JSON.stringify({
      connections: slugs.map((slug) => ({
        slug,
        provider: 'fleet-manager',
        sync: { interval },
        settings: {
          baseUrl: upstream.baseUrl,
          apiKey: upstream.credentials.apiKey,
          limits: { concurrency: 16, requestsPerSecond: 10_000, burst: 10_000 },
        },
      })),
    }),
  );
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const environment = {
    FLEETGATE_PORT: String(port),
    FLEETGATE_DATA_DIR: join(dir, 'data'),
    FLEETGATE_CONFIG: config,
    FLEETGATE_DATABASE_URL: database,
    FLEETGATE_SECRET_KEY: Buffer.alloc(32, 7).toString('base64'),
    FLEETGATE_ROOT_KEY: rootKey,
    FLEETGATE_LOG_LEVEL: logLevel,
    FLEETGATE_ALLOWED_NETWORKS: '127.0.0.0/8', // the emulated upstream
    FLEETGATE_LIMIT_ROOT: '999999999/1h', // nothing here is about refusing
    ...env,
  };
  // It listens then, and the first sync has just begun: what is measured of that must not wait for its end.
  const listens = ({ type, step }) => type === 'progress' && step === 'first sync';
  const { child } = await start(join(root, program), [], environment, listens);
  const get = async (path, headers = {}) => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      headers: { authorization, ...headers },
    });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  const kinds = async () => {
    const { status, text } = await get('/v1/connections?limit=100');
    if (status === 503) return [{}]; // busy with its syncs: it is asked again
    return JSON.parse(text).data.flatMap(({ sync }) => Object.values(sync.kinds));
  };
  return {
    child,
    pid: child.pid,
    port,
    get,
    /** Waits until every kind was walked at or after `since`. */
    async synced(since) {
      const until = Date.now() + settle;
      while (Date.now() < until) {
        const states = await kinds();
        const failing = states.find(({ state }) => state === 'failing');
        if (failing) throw new Error(`the sync fails: ${failing.error.message}`);
        if (states.every(({ observed_at }) => observed_at && Date.parse(observed_at) >= since)) return;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new Error('the sync did not end');
    },
    async syncNow() {
      for (const slug of slugs) {
        const asked = () =>
          fetch(`http://127.0.0.1:${port}/v1/connections/${slug}/sync`, {
            method: 'POST',
            headers: { authorization },
          });
        let response = await asked();
        for (; response.status === 503; response = await asked())
          await new Promise((resolve) => setTimeout(resolve, 1000)); // as Retry-After asks
        if (response.status !== 202) throw new Error(`sync answered ${response.status}`);
      }
    },
    async stop() {
      await stop(child);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
