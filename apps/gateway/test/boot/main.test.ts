import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startUpstream, type Upstream } from '@fleetgate/sandbox';
import { request } from 'undici';
import { type GatewayProcess, startGateway } from './gateway-process.ts';

jest.setTimeout(120_000);

const gatewayFolder = resolve(__dirname, '../..');

const started: GatewayProcess[] = [];
let folder: string;
let upstream: Upstream;

beforeAll(async () => {
  // What is built must be what is here; a build that fails fails these tests.
  const compiler = resolve(gatewayFolder, '../../node_modules/.bin/tsc');
  execFileSync(compiler, ['-b'], { cwd: gatewayFolder, encoding: 'utf8' });
  folder = mkdtempSync(join(tmpdir(), 'fleetgate-main-'));
  chmodSync(folder, 0o711); // where we are root, PostgreSQL runs as somebody else, who has to pass
  upstream = await startUpstream('fleet-manager', { scale: 20, frozen: true });
}, 180_000);
afterEach(async () => {
  for (const { child, ended } of started.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
});
afterAll(async () => {
  await upstream.close();
  rmSync(folder, { recursive: true, force: true });
});

function start(env: Record<string, string>, nodeFlags: readonly string[] = []): GatewayProcess {
  const gateway = startGateway({
    env: { FLEETGATE_PORT: '0', ...env },
    program: [...nodeFlags, join(gatewayFolder, 'dist/main.js')],
  });
  started.push(gateway);
  return gateway;
}

async function clusters(url: string, key: string): Promise<{ names: string[]; states: string[] }> {
  const { body, statusCode } = await request(`${url}/v1/clusters?limit=100`, {
    headers: { authorization: `Bearer ${key}` },
  });
  const answer = (await body.json()) as { data: { name: string }[]; sources: { state: string }[] };
  if (statusCode !== 200) throw new Error(JSON.stringify(answer));
  return { names: answer.data.map(({ name }) => name), states: answer.sources.map(({ state }) => state) };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // nobody by that number
  }
}

describe('the built program', () => {
  it('syncs, answers, ends with its PostgreSQL, and holds everything when it starts again without the upstream', async () => {
    const dataDir = join(folder, 'data');
    const apiKey = upstream.credentials['apiKey'] as string;
    writeFileSync(
      join(folder, 'c.yaml'),
      `connections: [{slug: fm, provider: fleet-manager, settings: {baseUrl: '${upstream.baseUrl}', apiKey: $\{FLEETGATE_FM_KEY}}}]\n`,
    );
    const env = {
      FLEETGATE_DATA_DIR: dataDir,
      FLEETGATE_CONFIG: join(folder, 'c.yaml'),
      FLEETGATE_FM_KEY: apiKey,
      FLEETGATE_LOG_LEVEL: 'trace',
    };

    const first = start(env);
    const ready = await first.ready();
    expect(ready.sources).toEqual({ fresh: 1, total: 1 });
    const before = await clusters(ready.url, ready.rootKey as string);
    expect(before.names.length).toBeGreaterThan(0);
    expect(before.states).toEqual(['fresh']);
    expect((await request(ready.docsUrl)).statusCode).toBe(200);
    expect((await request(`${ready.url}/v1/clusters`)).statusCode).toBe(401);
    const pidFile = join(dataDir, 'postgres/data/postmaster.pid');
    const postgres = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
    expect(isAlive(postgres)).toBe(true);
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    expect(isAlive(postgres)).toBe(false);
    expect(existsSync(pidFile)).toBe(false);

    await upstream.close();
    const second = start(env);
    const again = await second.ready();
    expect(again.rootKey).toBe(ready.rootKey);
    expect((await clusters(again.url, again.rootKey as string)).names).toEqual(before.names);
    second.child.kill('SIGINT');
    expect(await second.ended).toBe(0);

    for (const { output, errors } of [first, second]) {
      for (const line of output().trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('level');
      expect(errors()).toBe('');
      for (const secret of [
        apiKey,
        ready.rootKey as string,
        readFileSync(join(dataDir, 'secret.key'), 'utf8').trim(),
      ]) {
        expect(output()).not.toContain(secret);
      }
    }
  });
});

describe('a data folder', () => {
  async function failureOf(env: Record<string, string>, nodeFlags?: readonly string[]): Promise<string> {
    const gateway = start(env, nodeFlags);
    expect(await gateway.ended).toBe(1);
    const last = gateway.messages.at(-1);
    if (last?.type !== 'failed') throw new Error(`it said ${JSON.stringify(last)} and ${gateway.errors()}`);
    expect(last.message).not.toContain('\n');
    return last.message;
  }

  it('that is a file is told', async () => {
    const path = join(folder, 'file');
    writeFileSync(path, '');
    expect(await failureOf({ FLEETGATE_DATA_DIR: path })).toBe(
      `${path} is not a folder: set FLEETGATE_DATA_DIR to one`,
    );
  });

  it('that cannot be written is told', async () => {
    const path = join(folder, 'closed');
    mkdirSync(path, { mode: 0o555 });
    // Root may write everywhere, so it becomes somebody else first.
    const flags = process.getuid?.() === 0 ? ['--import', 'data:text/javascript,process.seteuid(65534)'] : [];
    expect(await failureOf({ FLEETGATE_DATA_DIR: path }, flags)).toBe(
      `${path}/secret.key cannot be read and written (EACCES): set FLEETGATE_DATA_DIR to a folder of your own`,
    );
  });

  it('with a broken key is told', async () => {
    const path = join(folder, 'broken');
    mkdirSync(path);
    writeFileSync(join(path, 'secret.key'), 'half of a k');
    expect(await failureOf({ FLEETGATE_DATA_DIR: path })).toBe(
      `${path}/secret.key holds no valid key: put the right one back, or remove the file to have a new one made`,
    );
  });
});
