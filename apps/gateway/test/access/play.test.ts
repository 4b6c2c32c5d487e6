import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PlayWorld } from '../../src/access/play/play-world.ts';
import { loadConfig } from '../../src/config.ts';
import { type Stack, startStack } from '../e2e/stack.ts';
import { dataOf, World } from './world.ts';

let folder: string;
let stack: Stack;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fleetgate-play-'));
  stack = await startStack([], { playTeams: true, dataDir: folder });
});
afterAll(async () => {
  await stack.close();
  rmSync(folder, { recursive: true, force: true });
});

const facts = () => {
  const told = stack.app.get(PlayWorld).facts;
  if (!told) throw new Error('there is nothing to play with');
  return told;
};

it('has two teams on different plans, with a user of each role and a key', async () => {
  const { teams, password } = facts();
  expect(teams.map(({ slug, plan }) => [slug, plan])).toEqual([
    ['stores', 'free'],
    ['platform', 'pro'],
  ]);
  for (const { slug, plan, users, key, scopes } of teams) {
    const me = dataOf<{ team: object; teams: { scopes: string[] }[] }>(await stack.ask('/v1/me', { key }));
    expect(me.team).toMatchObject({ slug, plan });
    expect(me.teams[0]?.scopes.includes('projects:write')).toBe(scopes.includes('write'));
    for (const [at, role] of ['owner', 'admin', 'developer', 'viewer'].entries()) {
      const token = await new World(stack).login(users[at] as string, { password });
      const who = dataOf<{ teams: object[] }>(await stack.ask('/v1/me', { key: token }));
      expect(who.teams).toMatchObject([{ slug, role }]);
    }
  }
});

it('keeps its secrets for the eyes of who started it', () => {
  const file = join(folder, 'play.json');
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, 'utf8')).toContain(facts().password);
});

it('is the same after a restart, also when the file was lost', async () => {
  const before = facts();
  const again = await stack.beside({ playTeams: true, dataDir: folder });
  for (const { key } of before.teams) expect((await again.ask('/v1/me', { key })).status).toBe(200);
  expect(await stack.sql('SELECT count(*) FROM team')).toEqual([{ count: 2 }]);
  expect(await stack.sql('SELECT count(*) FROM api_key')).toEqual([{ count: 2 }]);

  rmSync(join(folder, 'play.json'));
  await stack.beside({ playTeams: true, dataDir: folder });
  const { password } = JSON.parse(readFileSync(join(folder, 'play.json'), 'utf8')) as { password: string };
  expect(password).not.toBe(before.password);
  await new World(stack).login('owner@stores', { password });
});

it('is never made in a database that was given', () => {
  const env = {
    FLEETGATE_DATABASE_URL: 'postgres://somewhere/serious',
    FLEETGATE_SECRET_KEY: Buffer.alloc(32, 1).toString('base64'),
    FLEETGATE_DATA_DIR: folder,
  };
  expect(loadConfig({ env, cwd: folder }).playTeams).toBe(false);
  expect(() => loadConfig({ env: { ...env, FLEETGATE_SANDBOX_TEAMS: 'on' }, cwd: folder })).toThrow(
    'FLEETGATE_SANDBOX_TEAMS makes accounts to play with',
  );
});
