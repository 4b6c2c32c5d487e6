import { LastUsed } from '../../src/access/keys/last-used.ts';
import { scopes } from '../../src/access/scopes.ts';
import { type Stack, startStack } from '../e2e/stack.ts';
import { type Caller, dataOf, errorOf, World } from './world.ts';

interface Key {
  id: string;
  key?: string;
  prefix: string;
  last_four: string;
  scopes: string[];
  last_used_at: string | null;
  revoked_at: string | null;
}

let stack: Stack;
let world: World;
let admin: Caller;
let developer: Caller;
let stranger: Caller;

beforeAll(async () => {
  stack = await startStack([]);
  world = new World(stack);
  const [team, other] = [await world.team('edge', { plan: 'pro' }), await world.team('far')];
  admin = await world.member(team.id, 'admin@edge', 'admin');
  developer = await world.member(team.id, 'developer@edge', 'developer');
  stranger = await world.member(other.id, 'owner@far', 'owner');
});
afterAll(() => stack.close());

const make = (caller: Caller, body: object) =>
  caller.ask('/v1/api-keys', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

it('is shown once, and then only by its ends', async () => {
  const made = await make(admin, { name: 'deployer', scopes: ['read', 'deployments:write'] });
  expect([made.status, made.headers['cache-control']]).toEqual([201, 'no-store']);
  const { key = '', ...facts } = dataOf<Key>(made);
  expect(key).toMatch(/^fg_live_[\w-]{43}$/);
  expect(facts).toMatchObject({
    name: 'deployer',
    team: { slug: 'edge' },
    prefix: key.slice(0, 12),
    last_four: key.slice(-4),
    created_by: admin.id,
    expires_at: null,
    last_used_at: null,
    revoked_at: null,
  });
  expect(facts.scopes).toEqual(
    scopes.filter((one) => one === 'deployments:write' || (one.endsWith(':read') && one !== 'audit:read')),
  );
  const again = await admin.ask(made.headers['location'] as string);
  expect(dataOf(again)).toEqual(facts);
  expect([again.text, (await admin.ask('/v1/api-keys')).text].join()).not.toContain(key);
  expect(JSON.stringify(await stack.sql('SELECT * FROM api_key'))).not.toContain(key);
  expect(stack.log.join('\n')).not.toContain(key);
});

it('works for its team, with its scopes and no others, on the plan of the team', async () => {
  const { key } = dataOf<Key>(await make(admin, { name: 'reader', scopes: ['projects:read'] }));
  const me = dataOf(await stack.ask('/v1/me', { key: key as string }));
  expect(me).toMatchObject({
    kind: 'api_key',
    name: 'reader',
    team: { slug: 'edge', plan: 'pro' },
    teams: [{ slug: 'edge', role: null, scopes: ['projects:read'] }],
  });
});

it.each<[string, object, number, string?]>([
  ['without a name', { scopes: ['read'] }, 422, 'name'],
  ['without a scope', { name: 'x', scopes: [] }, 422, 'scopes'],
  ['with a scope that there is not', { name: 'x', scopes: ['everything'] }, 422, 'scopes.0'],
  ['with a role in place of a scope', { name: 'x', scopes: ['owner'] }, 422, 'scopes.0'],
  [
    'that has ended already',
    { name: 'x', scopes: ['read'], expires_at: '2020-01-01T00:00:00Z' },
    422,
    'expires_at',
  ],
  ['that ends some time', { name: 'x', scopes: ['read'], expires_at: 'tomorrow' }, 422, 'expires_at'],
  ['with a hash of its own', { name: 'x', scopes: ['read'], hash: 'abc' }, 422, 'hash'],
  ['with a key of its own', { name: 'x', scopes: ['read'], key: 'fg_live_mine' }, 422, 'key'],
  ['of another team', { name: 'x', scopes: ['read'], team: 'far' }, 422, 'team'],
])('is not made %s', async (_, body, status, field) => {
  const answer = await make(admin, body);
  expect([answer.status, errorOf(answer).details[0]?.field]).toEqual([status, field]);
});

it('never has more than who makes it, nor lasts longer', async () => {
  expect((await make(developer, { name: 'x', scopes: ['read'] })).status).toBe(403);
  const expires_at = new Date(Date.now() + 3_600_000).toISOString();
  const maker = await world.key('edge', ['keys:admin', 'projects:read'], { expires_at });
  const wider = await make(maker, { name: 'x', scopes: ['projects:read', 'projects:write'], expires_at });
  expect([wider.status, errorOf(wider).details]).toEqual([
    403,
    [{ field: 'scopes', message: 'projects:write is missing' }],
  ]);
  const longer = await make(maker, { name: 'x', scopes: ['projects:read'] });
  expect([longer.status, errorOf(longer).details[0]?.field]).toEqual([422, 'expires_at']);
  expect((await make(maker, { name: 'x', scopes: ['projects:read'], expires_at })).status).toBe(201);
});

it('is listed, told and revoked in its own team only', async () => {
  const key = await world.key('edge', ['projects:read']);
  const path = `/v1/api-keys/${key.id}`;
  const absent = await stranger.ask('/v1/api-keys/key_0195506a-0000-7000-8000-000000000000');
  const foreign = await stranger.ask(path);
  expect([foreign.status, errorOf(foreign)]).toEqual([404, errorOf(absent)]);
  expect((await stranger.ask(path, { method: 'DELETE' })).status).toBe(404);
  expect(dataOf<Key[]>(await stranger.ask('/v1/api-keys?team=edge'))).toEqual([]);
  expect(dataOf<Key[]>(await stack.ask('/v1/api-keys?team=far'))).toEqual([]);
  const ids = dataOf<Key[]>(await admin.ask('/v1/api-keys?team=edge&limit=100')).map(({ id }) => id);
  expect(ids).toContain(key.id);

  expect((await admin.ask(path, { method: 'DELETE' })).status).toBe(204);
  expect((await key.ask('/v1/me')).status).toBe(401);
  expect((await admin.ask(path, { method: 'DELETE' })).status).toBe(204);
  expect(dataOf<Key>(await admin.ask(path)).revoked_at).toEqual(expect.any(String));
});

it('tells when it was last used, written for all keys at once', async () => {
  const [used, unused] = [
    await world.key('edge', ['projects:read']),
    await world.key('edge', ['projects:read']),
  ];
  for (let times = 0; times < 3; times++) await used.ask('/v1/me');
  await stack.app.get(LastUsed).write();
  const lastUsed = async ({ id }: Caller) => dataOf<Key>(await stack.ask(`/v1/api-keys/${id}`)).last_used_at;
  expect([await lastUsed(used), await lastUsed(unused)]).toEqual([expect.any(String), null]);
});

it('replays the same key for the same Idempotency-Key, and makes it once', async () => {
  const headers = { 'content-type': 'application/json', 'idempotency-key': 'once-and-only' };
  const body = JSON.stringify({ name: 'once', scopes: ['projects:read'] });
  const ask = () => admin.ask('/v1/api-keys', { method: 'POST', headers, body });
  const [first, second] = [await ask(), await ask()];
  expect(second.headers['idempotency-replayed']).toBe('true');
  expect(dataOf(second)).toEqual(dataOf(first));
  const key = dataOf<Key>(first).key as string;
  const kept = await stack.sql<{ answer: Buffer }>('SELECT answer FROM idempotency_key WHERE key = $1', [
    'once-and-only',
  ]);
  expect(kept[0]?.answer.includes(key)).toBe(false);
});
