import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { createTestDatabase, type TestDatabase, urlOf } from '../setup/test-database.ts';
import { type GatewayProcess, startGateway } from './gateway-process.ts';

jest.setTimeout(120_000);

const started: GatewayProcess[] = [];
let folder: string;
let database: TestDatabase;
/** of a database that runs already: the quicker way to start */
let external: Record<string, string>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fleetgate-boot-'));
  chmodSync(folder, 0o711); // where we are root, PostgreSQL runs as somebody else, who has to pass
  database = await createTestDatabase();
  external = {
    FLEETGATE_PORT: '0',
    FLEETGATE_DATABASE_URL: urlOf(database),
    FLEETGATE_SECRET_KEY: randomBytes(32).toString('base64'),
    FLEETGATE_DATA_DIR: join(folder, 'external'),
  };
});
afterEach(async () => {
  for (const { child, ended } of started.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
});
afterAll(async () => {
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

function start(...given: Parameters<typeof startGateway>): GatewayProcess {
  const gateway = startGateway(...given);
  started.push(gateway);
  return gateway;
}

async function get(url: string): Promise<{ visits: number; connections: number }> {
  const { body } = await request(url);
  return (await body.json()) as { visits: number; connections: number };
}

describe('with a database of its own', () => {
  const env = () => ({ FLEETGATE_PORT: '0', FLEETGATE_DATA_DIR: join(folder, 'own') });

  it('starts from nothing, tells the launcher each step, and finds its data and key again', async () => {
    const first = start({ env: env() });
    const ready = await first.ready();
    expect(ready).toMatchObject({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      docsUrl: `${ready.url}/docs`,
      rootKey: expect.stringMatching(/^fg_root_/),
      rootKeyFile: join(folder, 'own', 'root.key'),
      sources: { fresh: 1, total: 2 },
    });
    expect(readFileSync(ready.rootKeyFile as string, 'utf8').trim()).toBe(ready.rootKey);
    expect(statSync(ready.rootKeyFile as string).mode & 0o777).toBe(0o600);
    const steps = first.messages.flatMap((message) => (message.type === 'progress' ? [message.step] : []));
    expect(
      steps.filter((step) => ['configuration', 'database', 'gateway', 'first sync'].includes(step)),
    ).toEqual(['configuration', 'database', 'gateway', 'first sync']);
    expect(await get(`${ready.url}/visit`)).toEqual({ visits: 1, connections: 0 });
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);

    const second = start({ env: env() });
    const again = await second.ready();
    expect(again.rootKey).toBe(ready.rootKey);
    expect(await get(`${again.url}/visit`)).toEqual({ visits: 2, connections: 0 });

    // A second gateway on the same folder says who has it, and leaves it alone.
    const rival = start({ env: env() });
    await rival.ended;
    expect(rival.messages.at(-1)).toEqual({
      type: 'failed',
      message: expect.stringMatching(
        /is in use by process \d+: stop that one first, or .*FLEETGATE_DATA_DIR/,
      ),
    });

    // A second signal does not wait for what is under way; the next start takes over what was left running.
    const hanging = get(`${again.url}/hang`).catch((error: Error) => error);
    await get(again.url);
    second.child.kill('SIGINT');
    await stopping(second);
    second.child.kill('SIGINT');
    expect(await second.ended).toBe(130);
    expect(await hanging).toBeInstanceOf(Error);

    const third = start({ env: env() });
    const after = await third.ready();
    expect(await get(after.url)).toEqual({ visits: 2, connections: 0 });
    third.child.kill('SIGTERM');
    expect(await third.ended).toBe(0);
    expect([...first.output(), ...second.output()].join('')).not.toContain(ready.rootKey as string);
  });

  it('that a signal overtakes while it starts ends in order, and can be started again', async () => {
    const gateway = start({ env: { FLEETGATE_PORT: '0', FLEETGATE_DATA_DIR: join(folder, 'hasty') } });
    await once(gateway.child, 'message');
    while (!gateway.messages.some((message) => message.type === 'progress' && message.step === 'database')) {
      await once(gateway.child, 'message');
    }
    gateway.child.kill('SIGTERM');
    expect(await gateway.ended).toBe(0);
    expect(gateway.messages.map(({ type }) => type)).not.toContain('ready');
    const next = start({ env: { FLEETGATE_PORT: '0', FLEETGATE_DATA_DIR: join(folder, 'hasty') } });
    await next.ready();
    next.child.kill('SIGTERM');
    expect(await next.ended).toBe(0);
  });
});

/** Resolves when it has said that it stops. */
async function stopping({ child, output }: GatewayProcess): Promise<void> {
  while (!output().includes('"stopping"')) await once(child.stdout as NodeJS.ReadableStream, 'data');
}

describe('a stop', () => {
  it('lets requests finish that are under way', async () => {
    const gateway = start({ env: external });
    const { url } = await gateway.ready();
    const slow = get(`${url}/slow`);
    await get(url);
    gateway.child.kill('SIGTERM');
    expect(await slow).toEqual({ visits: 0, connections: 0 });
    expect(await gateway.ended).toBe(0);
    expect(gateway.output()).toContain('"stopped"');
  });

  it('comes when the launcher is gone', async () => {
    const gateway = start({ env: { ...external, FLEETGATE_LAUNCHED: '1' } });
    await gateway.ready();
    gateway.child.disconnect();
    expect(await gateway.ended).toBe(0);
  });

  it('comes with code 1 after a failure that nobody caught, which the log tells without secrets', async () => {
    const key = 'root-key-of-this-very-test';
    const gateway = start({ env: { ...external, FLEETGATE_ROOT_KEY: key } });
    const ready = await gateway.ready();
    expect(ready).not.toHaveProperty('rootKey');
    await get(`${ready.url}/crash`).catch(() => undefined); // the answer is lost in the crash that it causes
    expect(await gateway.ended).toBe(1);
    const fatal = gateway
      .output()
      .split('\n')
      .find((line) => line.includes('"fatal"'));
    expect(fatal).toContain('nobody caught this, with [redacted]');
    expect(gateway.output() + gateway.errors()).not.toContain(key);
  });
});

describe('what keeps it from starting', () => {
  let taken: Server;
  beforeAll(async () => {
    taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
  });
  afterAll(() => {
    taken.close();
  });

  async function failureOf(env: Record<string, string>): Promise<string> {
    const gateway = start({ env: { ...env, FLEETGATE_LAUNCHED: '1' } });
    expect(await gateway.ended).toBe(1);
    const last = gateway.messages.at(-1);
    if (last?.type !== 'failed') throw new Error(`it said ${JSON.stringify(last)}`);
    expect(gateway.errors()).toBe('');
    return last.message;
  }

  it('is told for a port that is taken', async () => {
    const { port } = taken.address() as AddressInfo;
    expect(await failureOf({ ...external, FLEETGATE_PORT: String(port) })).toBe(
      `port ${port} is taken: stop what uses it or set FLEETGATE_PORT`,
    );
  });

  it('is told for an address that is not of this machine', async () => {
    expect(await failureOf({ ...external, FLEETGATE_HOST: '203.0.113.1' })).toBe(
      '203.0.113.1 is no address of this machine: set FLEETGATE_HOST',
    );
  });

  it('is told for every variable at once', async () => {
    const lines = (await failureOf({ FLEETGATE_PORT: 'x', FLEETGATE_ROLE: 'y', FLEETGATE_HOTS: 'z' })).split(
      '\n',
    );
    expect(lines.map((line) => line.split(' ')[0])).toEqual([
      'FLEETGATE_PORT',
      'FLEETGATE_ROLE',
      'FLEETGATE_HOTS',
    ]);
  });

  it('is told for a database that is not there', async () => {
    const message = await failureOf({
      ...external,
      FLEETGATE_DATABASE_URL: 'postgres://u:hunter2@127.0.0.1:1/x',
    });
    expect(message).toMatch(
      /^the database cannot be reached \(.*ECONNREFUSED.*\): check FLEETGATE_DATABASE_URL/,
    );
    expect(message).not.toContain('hunter2');
  });

  it('is told for a disk that is full', async () => {
    const message = await failureOf({ ...external, FLEETGATE_DATA_DIR: '/dev/full/x' });
    expect(message).toMatch(/^\/dev\/full.* is not a folder: set FLEETGATE_DATA_DIR/);
  });

  it('goes to standard error where no launcher listens', async () => {
    const gateway = start({ env: { FLEETGATE_PORT: 'x' }, launched: false });
    expect(await gateway.ended).toBe(1);
    expect(gateway.errors()).toBe('FLEETGATE_PORT must be a port number from 0 to 65535\n');
  });
});

describe('without a launcher', () => {
  it('the log says where it is', async () => {
    const gateway = start({ env: external, launched: false });
    while (!gateway.output().includes('"ready"'))
      await once(gateway.child.stdout as NodeJS.ReadableStream, 'data');
    const line = gateway
      .output()
      .split('\n')
      .find((one) => one.includes('"ready"')) as string;
    const { url, docsUrl, sources } = JSON.parse(line) as Record<string, unknown>;
    expect(await get(url as string)).toHaveProperty('visits');
    expect({ docsUrl, sources }).toEqual({ docsUrl: `${url}/docs`, sources: { fresh: 1, total: 2 } });
    gateway.child.kill('SIGINT');
    expect(await gateway.ended).toBe(0);
  });

  it.each([
    ['--help', /FLEETGATE_DATABASE_URL/, 0],
    ['-h', /FLEETGATE_ROLE/, 0],
    ['--version', /^\d+\.\d+\.\d+\n$/, 0],
  ])('%s prints and starts nothing', async (argument, text, code) => {
    const gateway = start({ env: { FLEETGATE_PORT: 'x' }, args: [argument], launched: false });
    expect(await gateway.ended).toBe(code);
    expect(gateway.output()).toMatch(text);
    expect(gateway.errors()).toBe('');
  });

  it('an argument that it does not know is refused', async () => {
    const gateway = start({ env: external, args: ['--port=1'], launched: false });
    expect(await gateway.ended).toBe(1);
    expect(gateway.errors()).toMatch(/^unknown argument --port=1: settings come by environment/);
  });
});
