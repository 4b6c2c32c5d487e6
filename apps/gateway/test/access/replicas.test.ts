import pg from 'pg';
import { type Answer, type Ask, eventually, type Stack, startStack } from '../e2e/stack.ts';
import { type Caller, dataOf, password, World } from './world.ts';

let stack: Stack;
let world: World;
let team: { id: string; slug: string };
/** Another replica: it shares the database, and nothing else. */
let other: { ask(path: string, ask?: Ask): Promise<Answer> };
let owner: Caller;

beforeAll(async () => {
  stack = await startStack([]);
  other = await stack.beside({ role: 'api' });
  world = new World(stack);
  team = await world.team('edge');
  owner = await world.member(team.id, 'owner@edge', 'owner');
});
afterAll(() => stack.close());

const json = { 'content-type': 'application/json' };
const change = (path: string, method: string, body?: object) =>
  owner.ask(path, { method, ...(body ? { headers: json, body: JSON.stringify(body) } : {}) });
/** Asks for something that takes more than a viewer; nothing is done, as there is nothing there. */
const adminAsk = async ({ credential }: Caller) =>
  (await other.ask('/v1/api-keys?limit=1', { key: credential })).status;
const meAsk = async ({ credential }: Caller) => (await other.ask('/v1/me', { key: credential })).status;

describe('the other replica', () => {
  it('hears of a demotion, and of a promotion', async () => {
    const admin = await world.member(team.id, 'demoted@edge', 'admin');
    expect(await adminAsk(admin)).toBe(200);
    await change(`/v1/teams/${team.id}/members/${admin.id}`, 'PATCH', { role: 'developer' });
    await eventually('the other replica refuses', async () => (await adminAsk(admin)) === 403);
    await change(`/v1/teams/${team.id}/members/${admin.id}`, 'PATCH', { role: 'admin' });
    await eventually('the other replica lets in', async () => (await adminAsk(admin)) === 200);
  });

  it.each<[string, (caller: Caller) => Promise<unknown>]>([
    ['a member that is removed', ({ id }) => change(`/v1/teams/${team.id}/members/${id}`, 'DELETE')],
    ['a user that is disabled', ({ id }) => change(`/v1/users/${id}`, 'PATCH', { disabled: true })],
    ['a logout', ({ credential }) => stack.ask('/v1/logout', { method: 'POST', key: credential })],
  ])('hears of %s', async (what, end) => {
    const member = await world.member(team.id, `${what.replaceAll(' ', '-')}@edge`, 'admin');
    expect(await adminAsk(member)).toBe(200);
    await end(member);
    await eventually('the other replica refuses', async () => (await adminAsk(member)) >= 401);
  });

  it('hears of a new password', async () => {
    const member = await world.member(team.id, 'changer@edge', 'viewer');
    const elsewhere = world.caller(member.id, await world.login('changer@edge'));
    expect(await meAsk(elsewhere)).toBe(200);
    await member.ask('/v1/me/password', {
      method: 'PUT',
      headers: json,
      body: JSON.stringify({ current_password: password, new_password: 'quite another one' }),
    });
    await eventually('the other login is gone', async () => (await meAsk(elsewhere)) === 401);
    expect(await meAsk(member)).toBe(200);
  });

  it('hears of a revoked key', async () => {
    const key = await world.key('edge', ['read']);
    expect(await meAsk(key)).toBe(200);
    await change(`/v1/api-keys/${key.id}`, 'DELETE');
    await eventually('the other replica refuses', async () => (await meAsk(key)) === 401);
  });

  it('hears of another plan', async () => {
    const key = await world.key('edge', ['read']);
    const planThere = async () =>
      dataOf<{ team: { plan: string } }>(await other.ask('/v1/me', { key: key.credential })).team.plan;
    expect(await planThere()).toBe('free');
    await world.made(`/v1/teams/${team.id}`, { plan: 'enterprise' }, { method: 'PATCH' });
    await eventually('the plan is the new one', async () => (await planThere()) === 'enterprise');
  });

  it('finds out by itself what it did not hear', async () => {
    const key = await world.key('edge', ['read']);
    expect(await meAsk(key)).toBe(200);
    // As if the message had been lost on the way, without the session being lost.
    await stack.sql('UPDATE api_key SET revoked_at = now() WHERE id = $1', [key.id]);
    await stack.sql('UPDATE access_revision SET revision = revision + 1');
    await eventually('the other replica refuses', async () => (await meAsk(key)) === 401);
  });

  it('still hears after its session was lost', async () => {
    const key = await world.key('edge', ['read']);
    expect(await meAsk(key)).toBe(200);
    await stack.sql(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE application_name = 'fleetgate listener' AND datname = current_database()`);
    await change(`/v1/api-keys/${key.id}`, 'DELETE');
    await eventually('the other replica refuses', async () => (await meAsk(key)) === 401);
  });

  it('knows nobody any longer when it cannot ask who has changed', async () => {
    const key = await world.key('edge', ['read']);
    expect(await meAsk(key)).toBe(200);
    // Whoever asks for the revision waits, and so does everyone who was known until then.
    const client = new pg.Client(stack.database);
    await client.connect();
    await client.query('BEGIN');
    await client.query('LOCK TABLE access_revision, api_key IN ACCESS EXCLUSIVE MODE');
    let answered = 0;
    const asks: Promise<unknown>[] = [];
    await eventually('a call has to wait', async () => {
      const before = answered;
      const asked = meAsk(key).then(() => {
        answered += 1;
      });
      asks.push(asked);
      await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, 300))]);
      return answered === before;
    });
    await client.query('ROLLBACK');
    await client.end();
    await Promise.all(asks);
    expect(await meAsk(key)).toBe(200);
  });
});
