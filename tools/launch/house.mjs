import { join } from 'node:path';
import { Child } from './children.mjs';
import { Failure } from './failure.mjs';

/** A laptop's terminal keeps the banner in sight; FLEETGATE_LOG_LEVEL=info shows every request. */
const quiet = 'warn';
/** So that connections to the sandbox can be made over the API as well. */
const loopback = '127.0.0.0/8,::1';

/** Starts the sandbox, when it is wanted, and the gateway over it. */
export class House {
  #root;
  #node;
  #progress;
  /** In the order in which they are stopped. */
  #children = [];
  #onDeath;
  #stopping = false;

  /** @param onDeath gets the child that ended though nobody stopped it, and how */
  constructor({ root, node, progress, onDeath }) {
    this.#root = root;
    this.#node = node;
    this.#progress = progress;
    this.#onDeath = onDeath;
  }

  /** @returns the gateway's `ready` message */
  async start() {
    let env = { ...this.#node.env, FLEETGATE_LOG_LEVEL: this.#node.env.FLEETGATE_LOG_LEVEL || quiet };
    if (wantsSandbox(env)) env = { ...env, ...(await this.#startSandbox(env)) };
    this.#progress.begin('gateway');
    const gateway = this.#spawn('gateway', 'apps/gateway/dist/main.js', { env });
    const ready = await gateway.ready((step) => this.#progress.note(step));
    this.#progress.done();
    this.#watch(gateway);
    return ready;
  }

  async #startSandbox(env) {
    this.#progress.begin('sandbox');
    const sandbox = this.#spawn('sandbox', 'apps/sandbox/dist/main.js', {
      env,
      stdout: 'ignore',
      stderr: 'pipe',
    });
    const { upstreams } = await sandbox.ready();
    this.#progress.done(`${upstreams.length} emulated upstreams`);
    this.#watch(sandbox);
    const config = env.FLEETGATE_CONFIG || join(this.#root, 'tools/launch/sandbox.yaml');
    const networks = env.FLEETGATE_ALLOWED_NETWORKS || loopback;
    const addresses = Object.fromEntries(upstreams.map(addressVariable));
    const teams = env.FLEETGATE_SANDBOX_TEAMS || (env.FLEETGATE_DATABASE_URL ? 'off' : 'on');
    return {
      ...addresses,
      FLEETGATE_CONFIG: config,
      FLEETGATE_ALLOWED_NETWORKS: networks,
      FLEETGATE_SANDBOX_TEAMS: teams,
    };
  }

  #spawn(name, file, options) {
    if (this.#stopping) throw new Failure('stopped');
    const child = new Child(name, {
      program: this.#node.program,
      file: join(this.#root, file),
      cwd: this.#root,
      ...options,
    });
    this.#children.unshift(child);
    return child;
  }

  #watch(child) {
    void child.ended.then((how) => {
      if (!this.#stopping) this.#onDeath(child, how);
    });
  }

  /** The gateway first, so that it never sees its upstreams go. Resolves to false when not all ended within `limitMs`. */
  async stop(limitMs) {
    this.#stopping = true;
    let timer;
    const limit = new Promise((resolve) => {
      timer = setTimeout(() => resolve(false), limitMs);
    });
    const inOrder = async () => {
      for (const child of this.#children) await child.stop();
      return true;
    };
    const stopped = await Promise.race([inOrder(), limit]);
    clearTimeout(timer);
    if (!stopped) this.kill();
    return stopped;
  }

  /** Only our own programs: PostgreSQL runs on, and the next start takes it over. */
  kill() {
    this.#stopping = true;
    for (const child of this.#children) child.kill();
  }
}

/** FLEETGATE_SANDBOX=on|off decides; else there is a sandbox unless the user brings connections of their own. */
export function wantsSandbox({ FLEETGATE_SANDBOX: wish, FLEETGATE_CONFIG: config }) {
  if (wish === 'on' || wish === 'off') return wish === 'on';
  return !config;
}

/** fleet-manager → FLEETGATE_SANDBOX_FLEET_MANAGER_URL, as tools/launch/sandbox.yaml reads it */
function addressVariable({ name, baseUrl }) {
  return [`FLEETGATE_SANDBOX_${name.toUpperCase().replaceAll('-', '_')}_URL`, baseUrl];
}
