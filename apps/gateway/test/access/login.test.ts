import { Housekeeping } from '../../src/access/housekeeping.ts';
import { Passwords } from '../../src/access/login/passwords.ts';
import type { AuditRecord } from '../../src/audit/audit-trail.ts';
import { type Stack, startStack } from '../e2e/stack.ts';
import { type Caller, dataOf, errorOf, password, World } from './world.ts';

let stack: Stack;
let world: World;
let team: { id: string; slug: string };
let anna: Caller;

beforeAll(async () => {
  stack = await startStack([], { trustedProxies: ['127.0.0.1/32'] });
  world = new World(stack);
  team = await world.team('edge', { plan: 'pro' });
  anna = await world.member(team.id, 'Anna@Example.com', 'developer');
});
afterAll(() => stack.close());

const attempt = (user_name: string, given: string, ask = {}) =>
  world.send('/v1/login', { user_name, password: given }, { key: null, ...ask });

describe('a login', () => {
  it('gives a token that tells who has it, of which team and plan, and what they may do', async () => {
    const me = dataOf<Record<string, unknown>>(await anna.ask('/v1/me'));
    expect(me).toMatchObject({
      id: anna.id,
      kind: 'user',
      name: 'anna@example.com',
      team: { slug: 'edge', plan: 'pro', hourly_limit: null },
      teams: [{ slug: 'edge', role: 'developer' }],
      everything: false,
      quota: { limit: expect.any(Number), remaining: expect.any(Number), reset: expect.any(Number) },
    });
    expect(dataOf(await stack.ask('/v1/me'))).toMatchObject({ kind: 'root', everything: true, quota: null });
  });

  it('is kept by nobody on the way, and is never the one that somebody brought along', async () => {
    const brought = `fg_login_${'x'.repeat(43)}`;
    const answer = await attempt('anna@example.com', password, {
      key: brought,
      headers: { 'content-type': 'application/json', cookie: `session=${brought}; sid=${brought}` },
    });
    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store' });
    expect(answer.headers['set-cookie']).toBeUndefined();
    const { token } = dataOf<{ token: string }>(answer);
    expect(token).toMatch(/^fg_login_[\w-]{43}$/);
    expect(token).not.toBe(brought);
    expect(token).not.toBe(anna.credential);
    expect((await stack.ask('/v1/me', { key: brought })).status).toBe(401);
  });

  it('works for the team that was chosen, if one is a member of it', async () => {
    const second = await world.team('second', { plan: 'free' });
    await world.made(`/v1/teams/${second.id}/members`, { user_name: 'anna@example.com', role: 'viewer' });
    const teamOf = async (chosen: string) => {
      const key = await world.login('anna@example.com', { team: chosen });
      return dataOf<{ team: { slug: string } }>(await stack.ask('/v1/me', { key })).team.slug;
    };
    expect([await teamOf('second'), await teamOf(second.id), await teamOf('edge')]).toEqual([
      'second',
      'second',
      'edge',
    ]);
    const foreign = await world.send(
      '/v1/login',
      { user_name: 'anna@example.com', password, team: 'nobodys' },
      { key: null },
    );
    expect([foreign.status, errorOf(foreign).details]).toEqual([
      422,
      [{ field: 'team', message: 'you are not a member of such a team' }],
    ]);
  });

  it('ends by a logout, at once, and by itself', async () => {
    const key = await world.login('anna@example.com');
    expect((await stack.ask('/v1/me', { key })).status).toBe(200);
    const out = await stack.ask('/v1/logout', { method: 'POST', key });
    expect([out.status, out.text]).toEqual([204, '']);
    const after = await stack.ask('/v1/me', { key });
    expect(after.status).toBe(401);
    expect(after.headers['www-authenticate']).toContain('error="invalid_token"');
    expect((await anna.ask('/v1/me')).status).toBe(200);

    const old = await world.login('anna@example.com');
    await stack.sql(`UPDATE login_session SET expires_at = now() - interval '1 second'
      WHERE created_at = (SELECT max(created_at) FROM login_session)`);
    expect((await stack.ask('/v1/me', { key: old })).status).toBe(401);
  });

  it('is nothing that a key has', async () => {
    const key = await world.key('edge', ['read']);
    const answer = await key.ask('/v1/logout', { method: 'POST' });
    expect([answer.status, errorOf(answer).code]).toEqual([409, 'conflict']);
    expect((await key.ask('/v1/me')).status).toBe(200);
  });
});

describe('a refused login', () => {
  it('says the same, after the same work, for a wrong password, an unknown name and a disabled user', async () => {
    await world
      .member(team.id, 'gone@example.com', 'viewer')
      .then(({ id }) => world.send(`/v1/users/${id}`, { disabled: true }, { method: 'PATCH' }));
    const passwords = stack.app.get(Passwords);
    const seen = [];
    for (const [name, given] of [
      ['anna@example.com', 'not the password'],
      ['nobody@example.com', 'not the password'],
      ['gone@example.com', password],
    ] as const) {
      const before = passwords.compared;
      const { status, headers, body } = await attempt(name, given);
      const { error } = body as { error: object };
      seen.push([status, headers['www-authenticate'], error, passwords.compared - before]);
    }
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[2]).toEqual(seen[0]);
    expect(seen[0]).toMatchObject([
      401,
      'Bearer realm="fleetgate"',
      { code: 'unauthorized', message: 'wrong user name or password' },
      1,
    ]);
  });

  it.each([
    ['no password', { user_name: 'anna@example.com' }, ['password']],
    ['a role of its own', { user_name: 'anna@example.com', password, role: 'owner' }, ['role']],
    ['a wrong type', { user_name: ['anna'], password: { $ne: '' } }, ['user_name', 'password']],
  ])('names what is wrong with %s', async (_, body, fields) => {
    const answer = await world.send('/v1/login', body, { key: null });
    expect([answer.status, errorOf(answer).details.map(({ field }) => field)]).toEqual([422, fields]);
  });

  it('slows down who guesses one account from one place, however many guesses come at once', async () => {
    await world.member(team.id, 'guessed@example.com', 'viewer');
    const passwords = stack.app.get(Passwords);
    const before = passwords.compared;
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, at) => attempt('guessed@example.com', `guess number ${at}`)),
    );
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 401)).toHaveLength(5);
    expect(passwords.compared - before).toBe(5);
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused).toHaveLength(15);
    expect(errorOf(refused[0] as (typeof refused)[0]).code).toBe('rate_limited');
    expect(Number(refused[0]?.headers['retry-after'])).toBeGreaterThan(0);

    // Not even the right one is looked at, and others are not held up.
    await stack.sql(`UPDATE login_failure SET open_at = now() + interval '1 minute' WHERE failures >= 5`);
    expect((await attempt('guessed@example.com', password)).status).toBe(429);
    expect((await attempt('anna@example.com', password)).status).toBe(200);
    // When the time is over, the owner gets in, and is not held to what others did.
    await stack.sql('UPDATE login_failure SET open_at = now()');
    expect((await attempt('guessed@example.com', password)).status).toBe(200);
    expect((await attempt('guessed@example.com', 'a slip of the hand')).status).toBe(401);
    expect((await attempt('guessed@example.com', password)).status).toBe(200);
  });

  it('slows down who guesses it from everywhere, but not the owner where it has logged in before', async () => {
    const carla = await world.member(team.id, 'carla@example.com', 'viewer');
    const from = (address: string, given: string) =>
      attempt('carla@example.com', given, {
        headers: { 'content-type': 'application/json', 'x-forwarded-for': address },
      });
    expect((await from('198.51.100.1', password)).status).toBe(200);
    // Fifty places, one guess each.
    for (let at = 1; at <= 50; at++) {
      const { status } = await from(`203.0.113.${at}`, 'not the password');
      expect(status).toBe(401);
    }
    await stack.sql(`UPDATE login_failure SET open_at = now() + interval '1 minute' WHERE failures >= 50`);
    expect((await from('203.0.113.99', password)).status).toBe(429);
    expect((await from('198.51.100.1', password)).status).toBe(200);
    expect((await carla.ask('/v1/me')).status).toBe(200);
  });

  it('is counted for names that do not exist just so', async () => {
    const statuses = [];
    for (let at = 0; at < 7; at++) statuses.push((await attempt('phantom@example.com', 'whatever')).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
  });

  it('is in the audit, without what was typed', async () => {
    const typed = 'my password in the wrong field';
    await attempt(typed, 'not the password');
    await attempt('anna@example.com', 'not the password');
    const records = dataOf<AuditRecord[]>(await stack.ask('/v1/audit?limit=100'));
    const refused = records.filter(({ action, outcome }) => action === 'login' && outcome === 'refused');
    expect(refused[0]).toMatchObject({
      actor: null,
      target: { kind: 'user', id: anna.id },
      address: '127.0.0.1',
    });
    expect(refused[1]).toMatchObject({ actor: null, target: null });
    expect(JSON.stringify(records)).not.toContain(typed);
  });
});

describe('a password', () => {
  it('is changed by who knows it; every other login then ends, on this connection and the next', async () => {
    const ben = await world.member(team.id, 'ben@example.com', 'viewer');
    const other = await world.login('ben@example.com');
    const change = (current_password: string, new_password: string) =>
      ben.ask('/v1/me/password', {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ current_password, new_password }),
      });
    expect((await change('not the password', 'a new password')).status).toBe(401);
    expect((await change(password, 'short')).status).toBe(422);
    expect((await change(password, 'a new password')).status).toBe(204);
    expect((await ben.ask('/v1/me')).status).toBe(200);
    expect((await stack.ask('/v1/me', { key: other })).status).toBe(401);
    expect((await attempt('ben@example.com', password)).status).toBe(401);
    expect((await attempt('ben@example.com', 'a new password')).status).toBe(200);
  });

  it('is kept as argon2id, and nowhere in a log', async () => {
    const [row] = await stack.sql<{ password_hash: string }>('SELECT password_hash FROM app_user LIMIT 1');
    expect(row?.password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    const all = stack.log.join('\n');
    for (const secret of [password, anna.credential]) expect(all).not.toContain(secret);
  });
});

it('leaves nothing behind of what has run out', async () => {
  await stack.sql(`UPDATE login_failure SET last_at = now() - interval '2 hours', known_until = now()`);
  await stack.sql('UPDATE login_session SET expires_at = now()');
  await stack.app.get(Housekeeping).sweep();
  expect(await stack.sql('SELECT FROM login_failure')).toEqual([]);
  expect(await stack.sql('SELECT FROM login_session')).toEqual([]);
});
