import type { AuditRecord } from '../../src/audit/audit-trail.ts';
import { type Stack, startStack } from '../e2e/stack.ts';
import { type Caller, dataOf, errorOf, password, World } from './world.ts';

interface Member {
  id: string;
  user_name: string;
  role: string;
  api_keys: number;
}

let stack: Stack;
let world: World;
let team: { id: string; slug: string };
let other: { id: string; slug: string };
let owner: Caller;
let admin: Caller;
let developer: Caller;
let viewer: Caller;
let stranger: Caller;

beforeAll(async () => {
  stack = await startStack([]);
  world = new World(stack);
  [team, other] = await Promise.all([world.team('edge', { plan: 'pro' }), world.team('far')]);
  [owner, admin, developer, viewer, stranger] = (await Promise.all([
    world.member(team.id, 'owner@edge', 'owner'),
    world.member(team.id, 'admin@edge', 'admin'),
    world.member(team.id, 'developer@edge', 'developer'),
    world.member(team.id, 'viewer@edge', 'viewer'),
    world.member(other.id, 'owner@far', 'owner'),
  ])) as [Caller, Caller, Caller, Caller, Caller];
});
afterAll(() => stack.close());

const json = { 'content-type': 'application/json' };
const send = (caller: Caller, method: string, path: string, body?: unknown) =>
  caller.ask(path, { method, ...(body === undefined ? {} : { headers: json, body: JSON.stringify(body) }) });
const membersOf = async (caller: Caller) =>
  dataOf<Member[]>(await caller.ask(`/v1/teams/${team.id}/members?limit=100`));
const lastDeed = async () => dataOf<AuditRecord[]>(await stack.ask('/v1/audit?limit=1'))[0] as AuditRecord;

describe('a team', () => {
  it('is seen by its members with their role in it, and by nobody else', async () => {
    for (const [caller, role] of [
      [owner, 'owner'],
      [viewer, 'viewer'],
    ] as const) {
      expect(dataOf(await caller.ask('/v1/teams'))).toEqual([
        { ...team, name: 'EDGE', plan: 'pro', hourly_limit: null, created_at: expect.any(String), role },
      ]);
    }
    const absent = await stranger.ask('/v1/teams/team_0195506a-0000-7000-8000-000000000000');
    const foreign = await stranger.ask(`/v1/teams/${team.id}`);
    expect([foreign.status, errorOf(foreign)]).toEqual([absent.status, errorOf(absent)]);
    expect((await stranger.ask(`/v1/teams/${team.id}/members`)).status).toBe(404);
    expect(dataOf<object[]>(await stack.ask('/v1/teams'))).toHaveLength(2);
  });

  it('is made by a user, who then owns it at once, but never more than a few', async () => {
    const made = await send(admin, 'POST', '/v1/teams', { name: 'Öfter & Gern' });
    expect([made.status, made.headers['location']]).toEqual([
      201,
      `/v1/teams/${dataOf<{ id: string }>(made).id}`,
    ]);
    expect(dataOf(made)).toMatchObject({ slug: 'o-fter-gern', plan: 'free', role: 'owner' });
    expect((await admin.ask(made.headers['location'] as string)).status).toBe(200);
    for (let at = 1; at < 10; at++) await send(admin, 'POST', '/v1/teams', { name: `more ${at}` });
    const tooMany = await send(admin, 'POST', '/v1/teams', { name: 'one more' });
    expect([tooMany.status, errorOf(tooMany).code]).toEqual([409, 'conflict']);
  });

  it.each([
    ['plan', { name: 'x', plan: 'enterprise' }, 403],
    ['limit', { name: 'x', hourly_limit: 1_000_000 }, 403],
    ['id', { name: 'x', id: 'team_1' }, 422],
    ['taken slug', { name: 'x', slug: 'far' }, 409],
    ['wrong slug', { name: 'x', slug: 'Not A Slug' }, 422],
  ])('does not take a %s from its maker', async (_, body, status) => {
    expect((await send(stranger, 'POST', '/v1/teams', body)).status).toBe(status);
  });

  it('is renamed by who administers it; its plan is changed by root alone', async () => {
    const path = `/v1/teams/${team.id}`;
    expect(dataOf(await send(admin, 'PATCH', path, { name: 'Edge' }))).toMatchObject({
      name: 'Edge',
      slug: 'edge',
    });
    expect((await send(developer, 'PATCH', path, { name: 'mine' })).status).toBe(403);
    const refused = await send(owner, 'PATCH', path, { plan: 'enterprise', hourly_limit: 5 });
    expect([refused.status, errorOf(refused).details.map(({ field }) => field)]).toEqual([
      403,
      ['plan', 'hourly_limit'],
    ]);
    expect(await lastDeed()).toMatchObject({
      action: 'team.change',
      outcome: 'refused',
      actor: { id: owner.id },
    });
    await world.made(path, { plan: 'enterprise', hourly_limit: 5000 }, { method: 'PATCH' });
    expect(dataOf(await viewer.ask('/v1/me'))).toMatchObject({
      team: { name: 'Edge', plan: 'enterprise', hourly_limit: 5000 },
    });
    await world.made(path, { plan: 'pro', hourly_limit: null }, { method: 'PATCH' });
  });
});

describe('members', () => {
  it('are added with a password when they are new, without one when they are not', async () => {
    const path = `/v1/teams/${team.id}/members`;
    const fresh = await send(admin, 'POST', path, { user_name: 'New.One@edge', role: 'viewer' });
    expect([fresh.status, errorOf(fresh).details[0]?.field]).toEqual([422, 'password']);
    const made = await send(admin, 'POST', path, {
      user_name: 'New.One@edge',
      role: 'viewer',
      password,
      name: 'N. One',
    });
    expect([made.status, dataOf(made)]).toMatchObject([
      201,
      { user_name: 'new.one@edge', name: 'N. One', role: 'viewer', disabled: false, api_keys: 0 },
    ]);
    expect(made.text).not.toContain(password);
    expect((await send(admin, 'POST', path, { user_name: 'new.one@edge', role: 'viewer' })).status).toBe(409);
    expect(
      (await send(admin, 'POST', path, { user_name: 'owner@far', role: 'viewer', password })).status,
    ).toBe(409);
    const known = await send(admin, 'POST', path, { user_name: 'owner@far', role: 'viewer' });
    expect([known.status, dataOf<Member>(known).id]).toEqual([201, stranger.id]);
    expect((await stranger.ask(`/v1/teams/${team.id}`)).status).toBe(200);
    expect((await send(admin, 'DELETE', `${path}/${stranger.id}`)).status).toBe(204);
    expect((await stranger.ask(`/v1/teams/${team.id}`)).status).toBe(404);
  });

  it('are told whole, and counted', async () => {
    const answer = await viewer.ask(`/v1/teams/${team.id}/members?limit=2`);
    expect(answer.body).toMatchObject({ pagination: { page: 1, limit: 2, total: 5, pages: 3 } });
    expect(answer.text).not.toMatch(/password|argon/);
  });

  it.each([
    ['mass assignment', { user_name: 'x1@edge', role: 'viewer', password, id: 'user_1' }, 'id'],
    [
      'a hash in place of a password',
      { user_name: 'x2@edge', role: 'viewer', password_hash: 'x' },
      'password_hash',
    ],
    ['a role that is none', { user_name: 'x3@edge', role: 'root', password }, 'role'],
    ['a short password', { user_name: 'x4@edge', role: 'viewer', password: 'short' }, 'password'],
    ['a name that is none', { user_name: 'white space', role: 'viewer', password }, 'user_name'],
  ])('are not added by %s', async (_, body, field) => {
    const answer = await send(owner, 'POST', `/v1/teams/${team.id}/members`, body);
    expect([answer.status, errorOf(answer).details.map((one) => one.field)]).toEqual([422, [field]]);
  });

  it('never get more than who adds them has, and only owners make, change and remove owners', async () => {
    const path = `/v1/teams/${team.id}/members`;
    const add = (caller: Caller, role: string) =>
      send(caller, 'POST', path, { user_name: `extra-${role}@edge`, role, password });
    for (const caller of [developer, viewer]) expect((await add(caller, 'viewer')).status).toBe(403);
    expect((await add(admin, 'owner')).status).toBe(403);
    for (const change of [
      () => send(admin, 'PATCH', `${path}/${admin.id}`, { role: 'owner' }),
      () => send(admin, 'PATCH', `${path}/${owner.id}`, { role: 'viewer' }),
      () => send(admin, 'DELETE', `${path}/${owner.id}`),
    ]) {
      expect((await change()).status).toBe(403);
    }
    const keeper = await world.key('edge', ['teams:read', 'teams:admin', 'read']);
    expect((await add(keeper, 'viewer')).status).toBe(201);
    const refused = await add(keeper, 'developer');
    expect([refused.status, errorOf(refused).details.map(({ message }) => message)]).toEqual([
      403,
      expect.arrayContaining(['projects:write is missing']),
    ]);
    expect((await add(keeper, 'owner')).status).toBe(403);
    expect(await membersOf(owner)).toEqual(
      expect.arrayContaining([expect.objectContaining({ id: owner.id, role: 'owner' })]),
    );
  });

  it('always have an owner among them who can log in', async () => {
    const path = `/v1/teams/${team.id}/members`;
    const lasts = [
      await send(owner, 'PATCH', `${path}/${owner.id}`, { role: 'admin' }),
      await send(owner, 'DELETE', `${path}/${owner.id}`),
      await world.send(`${path}/${owner.id}`, { role: 'viewer' }, { method: 'PATCH' }),
      await world.send(`/v1/users/${owner.id}`, { disabled: true }, { method: 'PATCH' }),
    ];
    expect(lasts.map(({ status }) => status)).toEqual([409, 409, 409, 409]);
    await send(owner, 'PATCH', `${path}/${viewer.id}`, { role: 'owner' });
    // Both at once: one of them stays.
    const both = await Promise.all([
      send(owner, 'PATCH', `${path}/${owner.id}`, { role: 'viewer' }),
      send(viewer, 'PATCH', `${path}/${viewer.id}`, { role: 'viewer' }),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 409]);
    await world.send(`${path}/${owner.id}`, { role: 'owner' }, { method: 'PATCH' });
    await world.send(`${path}/${viewer.id}`, { role: 'viewer' }, { method: 'PATCH' });
  });

  it('lose and win power with their role at once, whatever they hold in their hands', async () => {
    const path = `/v1/teams/${team.id}/members/${developer.id}`;
    const writes = () => send(developer, 'POST', '/v1/projects', {});
    expect((await writes()).status).toBe(422);
    await send(owner, 'PATCH', path, { role: 'viewer' });
    expect((await writes()).status).toBe(403);
    await send(owner, 'PATCH', path, { role: 'developer' });
    expect((await writes()).status).toBe(422);
  });

  it('leave their keys behind, unless they are revoked with them, and all that was made with them', async () => {
    const leaver = await world.member(team.id, 'leaver@edge', 'admin');
    const keyOf = async (maker: Caller, name: string) => {
      const made = await send(maker, 'POST', '/v1/api-keys', { name, scopes: ['keys:admin', 'read'] });
      const { id, key } = dataOf<{ id: string; key: string }>(made);
      return world.caller(id, key);
    };
    const first = await keyOf(leaver, 'first');
    const second = await keyOf(first, 'made with the first');
    const ofAdmin = await keyOf(admin, 'of another');
    expect((await membersOf(owner)).find(({ id }) => id === leaver.id)?.api_keys).toBe(1);
    await send(owner, 'PATCH', `/v1/teams/${team.id}/members/${leaver.id}`, { role: 'viewer' });
    expect((await second.ask('/v1/me')).status).toBe(200);
    await send(owner, 'DELETE', `/v1/teams/${team.id}/members/${leaver.id}?revoke_keys=true`);
    for (const key of [first, second]) expect((await key.ask('/v1/me')).status).toBe(401);
    expect((await ofAdmin.ask('/v1/me')).status).toBe(200);
    expect(dataOf(await leaver.ask('/v1/me'))).toMatchObject({ team: null, teams: [] });
    expect((await leaver.ask('/v1/projects')).status).toBe(403);
  });
});

describe('a user', () => {
  it('who has forgotten the password gets one from root, and from nobody else', async () => {
    const forgetful = await world.member(team.id, 'forgetful@edge', 'developer');
    const path = `/v1/users/${forgetful.id}`;
    const given = { password: 'a password from root' };
    const refused = await send(owner, 'PATCH', path, given);
    expect([refused.status, errorOf(refused).details[0]?.field]).toEqual([403, 'password']);
    expect((await send(owner, 'PATCH', path, {})).status).toBe(422);
    const set = await world.send(path, given, { method: 'PATCH' });
    expect([set.status, dataOf(set)]).toMatchObject([200, { user_name: 'forgetful@edge', disabled: false }]);
    expect(set.text).not.toContain(given.password);
    expect((await forgetful.ask('/v1/me')).status).toBe(401);
    const again = await world.send('/v1/login', { user_name: 'forgetful@edge', ...given }, { key: null });
    expect(again.status).toBe(200);
  });

  it('is disabled by who administers all its teams, cannot do anything any more, and comes back', async () => {
    const path = `/v1/users/${viewer.id}`;
    expect((await send(developer, 'PATCH', path, { disabled: true })).status).toBe(403);
    expect((await send(stranger, 'PATCH', path, { disabled: true })).status).toBe(404);
    expect((await send(admin, 'PATCH', `/v1/users/${admin.id}`, { disabled: true })).status).toBe(409);
    expect((await send(admin, 'PATCH', `/v1/users/${owner.id}`, { disabled: true })).status).toBe(403);
    await world.made(`/v1/teams/${other.id}/members`, { user_name: 'viewer@edge', role: 'viewer' });
    expect((await send(admin, 'PATCH', path, { disabled: true })).status).toBe(403);
    await stack.ask(`/v1/teams/${other.id}/members/${viewer.id}`, { method: 'DELETE' });

    expect(dataOf(await send(admin, 'PATCH', path, { disabled: true }))).toMatchObject({ disabled: true });
    expect((await viewer.ask('/v1/me')).status).toBe(401);
    await send(admin, 'PATCH', path, { disabled: false });
    expect((await viewer.ask('/v1/me')).status).toBe(401); // its logins are gone; it has to come anew
    expect((await stack.ask('/v1/me', { key: await world.login('viewer@edge') })).status).toBe(200);
  });
});
