import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FakeHouse } from './fake-house.ts';

jest.setTimeout(60_000);

let house: FakeHouse;
beforeEach(() => {
  house = new FakeHouse();
});
afterEach(() => house.remove());

const isUp = /Ctrl-C stops everything/;

it('installs what is pinned, builds, starts the sandbox, then the gateway over it, and says how to call it', async () => {
  const run = house.start();
  await run.says(isUp);

  const [install, build, sandbox, gateway] = house.diary();
  expect(install).toBe('npx -y pnpm@12.18.0 install --frozen-lockfile --reporter=append-only');
  expect(build).toContain('nx run-many -t build');
  expect(sandbox).toMatch(/^sandbox started .*"launched":"1"/);
  expect(gateway).toContain(join(house.root, 'tools/launch/sandbox.yaml'));
  expect(gateway).toContain('"palette":"http://127.0.0.1:1"');
  expect(run.output).toMatch(/✓ install \d+\.\d s/);
  expect(run.output).toContain('http://127.0.0.1:8080/docs');
  expect(run.output).toContain(
    'curl -H "Authorization: Bearer fg_root_fake" http://127.0.0.1:8080/v1/clusters',
  );
  expect(run.output).not.toContain('\u001b');
});

it('makes teams to play with, and lists them, unless the database is one that was given', async () => {
  const playing = house.start();
  await playing.says(isUp);
  expect(house.diary().at(-1)).toContain('"teams":"on"');
  for (const text of ['stores (free): owner@stores', 'fg_live_fake  (read)', 'to-play-with']) {
    expect(playing.output).toContain(text);
  }
  playing.interrupt();
  await playing.exitCode();

  const serious = house.start({ FLEETGATE_DATABASE_URL: 'postgres://somewhere/serious' });
  await serious.says(isUp);
  expect(house.diary().at(-1)).toContain('"teams":"off"');
  expect(serious.output).not.toContain('fg_live_fake');
});

it('does not install again until a manifest changed', async () => {
  const count = () => house.diary().filter((line) => line.startsWith('npx')).length;
  const restart = async () => {
    const run = house.start();
    await run.says(isUp);
    run.interrupt();
    await run.exitCode();
  };
  await restart();
  await restart();
  expect(count()).toBe(1);
  writeFileSync(join(house.root, 'apps/gateway/package.json'), '{ "type": "module", "version": "2" }');
  await restart();
  expect(count()).toBe(2);
});

it('stops the gateway, then the sandbox, on one Ctrl-C that only the launcher gets', async () => {
  const run = house.start();
  await run.says(isUp);
  run.interrupt();
  run.interrupt(); // npm passes the terminal's signal on: still one wish
  expect(await run.exitCode()).toBe(0);
  expect(run.output).toContain('Stopping…');
  expect(house.diary().slice(-4)).toEqual([
    'gateway SIGTERM',
    'gateway ended',
    'sandbox SIGTERM',
    'sandbox ended',
  ]);
  expect(house.diary().join()).not.toContain('SIGINT');
});

it('kills what does not end at the second Ctrl-C', async () => {
  const run = house.start({ FAKE: '{"gateway":"stubborn"}' });
  await run.says(isUp);
  run.interrupt();
  await house.diaryHas(/gateway SIGTERM/);
  await sleep(1_000);
  run.interrupt();
  expect(await run.exitCode()).toBe(130);
});

it('leaves nobody behind when it is killed itself', async () => {
  const run = house.start();
  await run.says(isUp);
  await run.kill();
  await house.diaryHas(/gateway disconnected/);
  await house.diaryHas(/sandbox disconnected/);
});

it.each([
  [
    'gateway',
    'failed',
    'Fleetgate did not start: port 8080 is taken: stop what uses it, or set FLEETGATE_PORT',
  ],
  ['sandbox', 'taken', 'Fleetgate did not start: sandbox: port 8180 is taken'],
])('says in one line why the %s did not start (%s)', async (name, behaviour, line) => {
  const run = house.start({ FAKE: JSON.stringify({ [name]: behaviour }) });
  expect(await run.exitCode()).toBe(1);
  expect(run.output.trim().split('\n').at(-1)).toBe(line);
  if (name === 'gateway') expect(house.diary()).toContain('sandbox ended');
});

it('stops the rest when one of them dies', async () => {
  const run = house.start({ FAKE: '{"gateway":"dies"}' });
  expect(await run.exitCode()).toBe(1);
  expect(run.output).toContain('The gateway ended unexpectedly (code 3)');
  expect(house.diary()).toContain('sandbox ended');
});

it.each([
  [{ FLEETGATE_CONFIG: 'mine.yaml' }, 'mine.yaml'],
  [{ FLEETGATE_SANDBOX: 'off' }, undefined],
])('starts no sandbox with %j', async (env, config) => {
  const run = house.start(env);
  await run.says(isUp);
  expect(house.diary().filter((line) => line.startsWith('sandbox'))).toEqual([]);
  const started = house.diary().find((line) => line.startsWith('gateway started ')) ?? '';
  expect(JSON.parse(started.slice('gateway started '.length))).toMatchObject(
    config === undefined ? {} : { config },
  );
  expect(started.includes('"config"')).toBe(config !== undefined);
});

it('shows what a failing install said, and what to do', async () => {
  const run = house.start({ FAKE_NPX: 'ERR getaddrinfo ENOTFOUND registry' });
  expect(await run.exitCode()).toBe(1);
  expect(run.output).toContain('ERR getaddrinfo ENOTFOUND registry');
  expect(run.output.trim().split('\n').at(-1)).toMatch(/install failed: the npm registry cannot be reached/);
});

it('shows what a failing build said', async () => {
  const run = house.start({ FAKE_NX: 'error TS2322: no' });
  expect(await run.exitCode()).toBe(1);
  expect(run.output).toContain('error TS2322: no');
  expect(house.diary().join()).not.toContain('started');
});

it('prints its own usage and the gateway’s', async () => {
  const run = house.start({}, ['--help']);
  expect(await run.exitCode()).toBe(0);
  expect(run.output).toContain('FLEETGATE_SANDBOX_SCALE');
  expect(run.output).toContain('help of the gateway');
});

it('refuses what it does not know', async () => {
  const run = house.start({}, ['--fast']);
  expect(await run.exitCode()).toBe(2);
  expect(house.diary()).toEqual([]);
});
