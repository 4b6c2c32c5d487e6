import type { NewWebhook, Webhook } from '../../src/webhooks/webhook.ts';
import { type Caller, dataOf, errorOf, World } from '../access/world.ts';
import { eventually, type Stack, startStack } from '../e2e/stack.ts';
import { Endpoint, verify } from './endpoint.ts';
import { happen } from './happenings.ts';

let stack: Stack;
let world: World;
let endpoint: Endpoint;
let edgeId: string;
let edge: Caller;
let viewer: Caller;
let core: Caller;

const wanted = (more: object = {}) => ({ url: endpoint.url, events: ['deployment.*'], ...more });
const ids = async (caller: Caller, query = '') =>
  dataOf<Webhook[]>(await caller.ask(`/v1/webhooks${query}`)).map(({ id }) => id);
const makeAs = (caller: Caller, body: object) =>
  world.made<NewWebhook>('/v1/webhooks', body, { key: caller.credential });

beforeAll(async () => {
  endpoint = await Endpoint.start();
  stack = await startStack([
    { slug: 'open', upstream: 'fleet-manager', scale: 10 },
    { slug: 'of-edge', upstream: 'fleet-manager', scale: 10, team: 'edge' },
  ]);
  world = new World(stack);
  ({ id: edgeId } = await world.team('edge'));
  await world.team('core');
  edge = await world.key('edge');
  core = await world.key('core');
  viewer = await world.member(edgeId, 'viewer@edge', 'viewer');
});
afterAll(async () => {
  await stack?.close();
  await endpoint?.close();
});

it('belongs to the team that makes it, and is nobody else’s to see', async () => {
  const made = await makeAs(edge, wanted({ description: 'the shop', ordered: true }));
  expect(made).toMatchObject({
    team: { slug: 'edge' },
    url: endpoint.url,
    events: ['deployment.*'],
    description: 'the shop',
    ordered: true,
    status: 'active',
    created_by: edge.id,
  });
  expect(made.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  const seen = await edge.ask(`/v1/webhooks/${made.id}`);
  const { secret: _, ...shown } = made;
  expect(dataOf(seen)).toEqual(shown);
  expect(seen.text).not.toContain('whsec_');
  expect(await ids(edge)).toContain(made.id);
  expect(await ids(core)).not.toContain(made.id);
  expect(await ids(edge, '?team=core')).toEqual([]);
  for (const [method, path] of [
    ['GET', ''],
    ['DELETE', ''],
    ['GET', '/deliveries'],
    ['GET', '/deliveries/dlv_1'],
    ['POST', '/deliveries/dlv_1/replay'],
    ['POST', '/test'],
  ] as const)
    expect(await core.ask(`/v1/webhooks/${made.id}${path}`, { method })).toMatchObject({ status: 404 });
  const patched = await world.send(
    `/v1/webhooks/${made.id}`,
    { events: ['*'] },
    { method: 'PATCH', key: core.credential },
  );
  expect(patched.status).toBe(404);
  // A viewer sees it, and changes nothing.
  expect((await viewer.ask(`/v1/webhooks/${made.id}`)).status).toBe(200);
  expect((await viewer.ask(`/v1/webhooks/${made.id}`, { method: 'DELETE' })).status).toBe(403);
});

it('is told only of what its team may hear, root’s of everything', async () => {
  const [ofEdge, ofCore, ofRoot] = await Promise.all([Endpoint.start(), Endpoint.start(), Endpoint.start()]);
  await makeAs(edge, { url: ofEdge.url, events: ['deployment.*'] });
  await makeAs(core, { url: ofCore.url, events: ['deployment.*'] });
  await world.made('/v1/webhooks', { url: ofRoot.url, events: ['deployment.*'] });
  await happen(stack.sql, [
    { resource: 'deploy_1', connection: 'open' },
    { resource: 'deploy_2', connection: 'of-edge' },
    { resource: 'deploy_3', connection: 'unknown' },
    { resource: 'deploy_4', team: edgeId },
    { resource: 'deploy_5', connection: 'open' },
  ]);
  const heard = (one: Endpoint) => one.received.map(({ event }) => event.data['deployment']?.id).sort();
  await eventually('root has all', () => ofRoot.received.length === 5);
  await eventually('edge has its own', () => ofEdge.received.length === 4);
  await eventually('core has its own', () => ofCore.received.length === 2);
  expect(heard(ofEdge)).toEqual(['deploy_1', 'deploy_2', 'deploy_4', 'deploy_5']);
  expect(heard(ofCore)).toEqual(['deploy_1', 'deploy_5']);
  await Promise.all([ofEdge, ofCore, ofRoot].map((one) => one.close()));
});

it('is made by nobody for events that it may not read itself', async () => {
  const writer = await world.key('edge', ['webhooks:write']);
  const answer = await world.send('/v1/webhooks', wanted(), { key: writer.credential });
  expect(answer.status).toBe(403);
  expect(errorOf(answer).details).toEqual([{ field: 'scope', message: 'events:read is missing' }]);
  const elsewhere = await world.send('/v1/webhooks', wanted({ team: 'core' }), { key: edge.credential });
  expect(elsewhere.status).toBe(422);
  expect(errorOf(elsewhere).details[0]?.field).toBe('team');
});

it.each<[string, object, string]>([
  ['no address', { url: 'hooks' }, 'url'],
  ['another scheme', { url: 'ftp://example.com/' }, 'url'],
  ['a password in it', { url: 'https://user:pass@example.com/' }, 'url'],
  ['the cloud’s metadata', { url: 'http://169.254.169.254/latest/meta-data' }, 'url'],
  ['our own network', { url: 'http://10.0.0.1/' }, 'url'],
  ['a name for nothing', { url: 'https://no-such-host.invalid/' }, 'url'],
  ['no events', { events: [] }, 'events'],
  ['an event that there is not', { events: ['cluster.exploded'] }, 'events.0'],
  ['a wildcard in the middle', { events: ['*.created'] }, 'events.0'],
  ['a short secret', { secret: 'short' }, 'secret'],
  ['a secret with a space', { secret: 'your webhook secret!' }, 'secret'],
  ['a broken secret', { secret: 'whsec_notbase64!' }, 'secret'],
  ['a short standard secret', { secret: 'whsec_AAAAAAAAAAAAAAAA' }, 'secret'],
  ['something else', { retries: 3 }, 'retries'],
])('refuses %s by its name', async (_, more, field) => {
  const answer = await world.send('/v1/webhooks', wanted(more), { key: edge.credential });
  expect(answer.status).toBe(422);
  expect(errorOf(answer).details[0]?.field).toBe(field);
});

it('is changed, replaced, disabled, enabled and removed, and each is in the audit, without the address', async () => {
  const { id } = await makeAs(edge, wanted({ url: `${endpoint.url}?token=hunter2`, ordered: true }));
  const change = async (method: string, body: object) => {
    const answer = await world.send(`/v1/webhooks/${id}`, body, { method, key: edge.credential });
    expect(answer.status).toBe(200);
    return dataOf<Webhook>(answer);
  };
  expect(await change('PATCH', { events: ['cluster.*', 'cluster.*'] })).toMatchObject({
    events: ['cluster.*'],
    ordered: true,
  });
  expect(await change('PATCH', { enabled: false })).toMatchObject({
    status: 'disabled',
    disabled_reason: 'asked',
  });
  expect(await change('PUT', wanted())).toMatchObject({
    status: 'active',
    disabled_at: null,
    ordered: false,
  });
  const nothing = await world.send(`/v1/webhooks/${id}`, {}, { method: 'PATCH', key: edge.credential });
  expect(nothing.status).toBe(422);
  expect((await edge.ask(`/v1/webhooks/${id}`, { method: 'DELETE' })).status).toBe(204);
  expect((await edge.ask(`/v1/webhooks/${id}`)).status).toBe(404);
  const audit = await stack.ask(`/v1/audit?target=${id}&limit=50`);
  expect(audit.text).not.toContain('hunter2');
  expect(
    dataOf<{ action: string; outcome: string }[]>(audit).map(({ action, outcome }) => `${action} ${outcome}`),
  ).toEqual([
    'webhook.delete done',
    'webhook.change refused',
    'webhook.replace done',
    'webhook.change done',
    'webhook.change done',
    'webhook.create done',
  ]);
});

it('keeps its secrets sealed', async () => {
  const own = 'a-secret-of-my-own-0123456789';
  const { id } = await makeAs(edge, wanted({ secret: own }));
  const rotated = await world.made<NewWebhook>(
    `/v1/webhooks/${id}/rotate-secret`,
    {},
    { key: edge.credential },
  );
  const [row] = await stack.sql<{ text: string }>(
    `SELECT encode(secrets, 'escape') || row_to_json(webhook)::text AS text FROM webhook WHERE id = $1`,
    [id],
  );
  for (const secret of [own, rotated.secret, rotated.secret.slice('whsec_'.length)]) {
    expect(row?.text).not.toContain(secret);
    expect(stack.log.join('\n')).not.toContain(secret);
  }
  await edge.ask(`/v1/webhooks/${id}/test`, { method: 'POST' });
  const received = endpoint.received.at(-1) as never;
  verify(received, own);
  verify(received, rotated.secret);
});

it('lists its deliveries by cursor, narrowed by state and event', async () => {
  const one = await Endpoint.start();
  const { id } = await makeAs(edge, { url: one.url, events: ['deployment.*'] });
  await happen(
    stack.sql,
    Array.from({ length: 25 }, (_, at) => ({ resource: `deploy_${at}`, connection: 'open' })),
  );
  await eventually('all are done', async () => {
    const answer = await edge.ask(`/v1/webhooks/${id}/deliveries?state=succeeded&limit=100`);
    return dataOf<object[]>(answer).length === 25;
  });
  const walked: string[] = [];
  for (let cursor = ''; ; ) {
    const answer = await edge.ask(`/v1/webhooks/${id}/deliveries?limit=10${cursor}`);
    const { data, pagination } = answer.body as {
      data: { event: { id: string } }[];
      pagination: { next_cursor: string | null };
    };
    walked.push(...data.map(({ event }) => event.id));
    if (pagination.next_cursor === null) break;
    cursor = `&cursor=${pagination.next_cursor}`;
  }
  expect(walked).toHaveLength(25);
  expect([...walked].sort()).toEqual([...one.ids].sort());
  const answer = await edge.ask(`/v1/webhooks/${id}/deliveries?event=${walked[3]}`);
  expect(dataOf<object[]>(answer)).toHaveLength(1);
  const [{ id: deliveryId } = { id: '' }] = dataOf<{ id: string }[]>(answer);
  const whole = await edge.ask(`/v1/webhooks/${id}/deliveries/${deliveryId}`);
  expect(dataOf<{ body: string }>(whole).body).toBe(
    one.received.find(({ id: event }) => event === walked[3])?.body,
  );
  expect((await edge.ask(`/v1/webhooks/${id}/deliveries?state=lost`)).status).toBe(422);
  await one.close();
});
