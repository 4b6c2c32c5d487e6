import type { AuditRecord } from '../../src/audit/audit-trail.ts';
import { type Stack, startStack } from '../e2e/stack.ts';
import { type Caller, dataOf, errorOf, password, World } from './world.ts';

interface Walk {
  data: AuditRecord[];
  pagination: { limit: number; next_cursor: string | null };
}

let stack: Stack;
let world: World;
let team: { id: string; slug: string };
let admin: Caller;
let viewer: Caller;
let stranger: Caller;

beforeAll(async () => {
  stack = await startStack([], { trustedProxies: ['127.0.0.1/32', '10.0.0.0/8'] });
  world = new World(stack);
  team = await world.team('edge');
  admin = await world.member(team.id, 'admin@edge', 'admin');
  viewer = await world.member(team.id, 'viewer@edge', 'viewer');
  stranger = await world.member((await world.team('far')).id, 'owner@far', 'owner');
});
afterAll(() => stack.close());

const latest = async (path = '/v1/audit?limit=1') => dataOf<AuditRecord[]>(await stack.ask(path))[0];
const rename = (caller: Caller, name: unknown, headers = {}) =>
  caller.ask(`/v1/teams/${team.id}`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ name }),
  });

it('tells who did what to which thing, when, from where, in which request, and what came of it', async () => {
  const answer = await rename(admin, 'Edge', { 'x-request-id': 'rename-the-team' });
  expect(answer.status).toBe(200);
  expect(await latest()).toEqual({
    id: expect.stringMatching(/^audit_[0-9a-f-]{36}$/),
    at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    actor: { id: admin.id, kind: 'user', name: 'admin@edge' },
    team: 'edge',
    action: 'team.change',
    target: { kind: 'team', id: team.id },
    outcome: 'done',
    request_id: 'rename-the-team',
    address: '127.0.0.1',
    detail: { name: 'Edge' },
  });
});

it('tells of changes that were refused too, by the route or by what is behind it', async () => {
  expect((await rename(viewer, 'mine', { 'x-request-id': 'refused-by-route' })).status).toBe(403);
  expect(await latest()).toMatchObject({
    actor: { id: viewer.id },
    team: 'edge',
    action: 'PATCH /v1/teams/:id',
    outcome: 'refused',
    request_id: 'refused-by-route',
    detail: { path: `/v1/teams/${team.id}`, code: 'forbidden' },
  });
  const asOwner = await admin.ask(`/v1/teams/${team.id}/members`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user_name: 'new@edge', role: 'owner', password }),
  });
  expect(asOwner.status).toBe(403);
  const record = await latest();
  expect(record).toMatchObject({ action: 'member.add', outcome: 'refused', detail: { role: 'owner' } });
  expect(JSON.stringify(record)).not.toContain(password);
});

it('notes a change and makes it, or neither', async () => {
  await stack.sql(
    `ALTER TABLE audit ADD CONSTRAINT no_more CHECK (action <> 'team.change' OR outcome <> 'done') NOT VALID`,
  );
  const answer = await rename(admin, 'Not Noted');
  await stack.sql('ALTER TABLE audit DROP CONSTRAINT no_more');
  expect([answer.status, errorOf(answer).code]).toEqual([500, 'internal_error']);
  expect(dataOf(await admin.ask(`/v1/teams/${team.id}`))).toMatchObject({ name: 'Edge' });
  expect(await latest()).toMatchObject({ action: 'team.change', outcome: 'failed' });
});

it('cannot be changed afterwards, not even past the gateway', async () => {
  for (const statement of [`UPDATE audit SET outcome = 'done'`, 'DELETE FROM audit', 'TRUNCATE audit']) {
    await expect(stack.sql(statement)).rejects.toThrow('the audit is append-only');
  }
});

it('is read by who may, of their own team, from the newest to the oldest, each once', async () => {
  expect((await viewer.ask('/v1/audit')).status).toBe(403);
  const all: AuditRecord[] = [];
  let cursor = '';
  do {
    const { data, pagination } = (await admin.ask(`/v1/audit?limit=3${cursor}`)).body as Walk;
    all.push(...data);
    cursor = pagination.next_cursor === null ? '' : `&cursor=${pagination.next_cursor}`;
  } while (cursor !== '');
  expect(new Set(all.map(({ team: of }) => of))).toEqual(new Set(['edge']));
  expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
  const ats = all.map(({ at }) => at);
  expect(ats).toEqual([...ats].sort().reverse());
  expect(all.at(-1)).toMatchObject({ action: 'team.create', actor: { id: 'root' } });

  const { pagination } = (await admin.ask('/v1/audit?limit=1')).body as Walk;
  const foreign = await stranger.ask(`/v1/audit?limit=1&cursor=${pagination.next_cursor}`);
  expect([foreign.status, errorOf(foreign).details[0]?.field]).toEqual([422, 'cursor']);
  expect(dataOf(await stranger.ask('/v1/audit?team=edge'))).toEqual([]);
  await world.send('/v1/login', { user_name: 'nobody@edge', password }, { key: null });
  const everybodys = dataOf<AuditRecord[]>(await stack.ask('/v1/audit?limit=100'));
  expect(new Set(everybodys.map((record) => record.team))).toEqual(new Set(['edge', 'far', null]));
});

it('is asked for one actor, or one thing', async () => {
  const byAdmin = dataOf<AuditRecord[]>(await stack.ask(`/v1/audit?actor=${admin.id}`));
  expect(new Set(byAdmin.map(({ actor }) => actor?.id))).toEqual(new Set([admin.id]));
  const ofTeam = dataOf<AuditRecord[]>(await admin.ask(`/v1/audit?target=${team.id}`));
  expect(new Set(ofTeam.map(({ target }) => target?.id))).toEqual(new Set([team.id]));
  expect(dataOf(await stranger.ask(`/v1/audit?target=${team.id}`))).toEqual([]);
});

describe('where a request comes from', () => {
  it.each([
    ['is told by the proxies that are trusted', '203.0.113.7', '203.0.113.7'],
    ['is what the last of them saw', '203.0.113.7, 10.1.2.3', '203.0.113.7'],
    ['is not what the client itself has made up', '198.51.100.1, 203.0.113.7, 10.1.2.3', '203.0.113.7'],
    ['is an address, also of the sixth version', '2001:db8::7', '2001:db8::7'],
    ['is the proxy, where that tells nonsense', 'not an address', '127.0.0.1'],
  ])('%s', async (_, forwarded, address) => {
    await rename(admin, 'Edge', { 'x-forwarded-for': forwarded });
    expect((await latest())?.address).toBe(address);
  });
});
