import { randomBytes } from 'node:crypto';
import { type Caller, World } from '../access/world.ts';
import { eventually, type Stack, startStack } from '../e2e/stack.ts';
import { answering, Endpoint } from '../webhooks/endpoint.ts';

interface Attempt {
  connection: string;
  operation: string | null;
  attempt: number;
  cause: string;
  status: number | null;
  outcome: string;
  path: string;
  bytes: number | null;
}
interface Story {
  id: string;
  at: string;
  principal: { id: string } | null;
  team: string | null;
  method: string;
  route: string | null;
  path: string;
  status: number | null;
  duration_ms: number;
  answered_from: string;
  error: { code: string; message: string } | null;
  connections: string[];
  trace_id: string;
  steps: { name: string }[];
  operations: { connection: string; operation: string; outcome: string; joined: boolean }[];
  attempts: Attempt[];
  joined: number;
  writes: { id: string; state: string }[];
  events: { id: string; type: string }[];
  deliveries: {
    webhook: string;
    event: string;
    state: string;
    status: number | null;
    finished_at: string | null;
  }[];
}

let stack: Stack;
let world: World;
let edge: Caller;
let lab: Caller;
let cluster: string;
const token = randomBytes(16).toString('hex');
const json = { 'content-type': 'application/json' };

beforeAll(async () => {
  stack = await startStack([
    { slug: 'apps', upstream: 'app-platform', scale: 20 },
    { slug: 'fm', upstream: 'fleet-manager', scale: 40, team: 'edge' },
  ]);
  world = new World(stack);
  await world.team('edge');
  await world.team('lab');
  edge = await world.key('edge');
  lab = await world.key('lab');
  await stack.reach('fresh');
  const { data } = (await edge.ask('/v1/clusters?connection=fm')).body as { data: { id: string }[] };
  cluster = data[0]?.id as string;
});
afterAll(() => stack?.close());

/** A request id of its own; what it was asked by. */
const newId = (name: string) => `${name}-${randomBytes(6).toString('hex')}`;
/** Written down in batches: a moment later. */
async function storyOf(id: string, caller: { ask: Stack['ask'] } = stack): Promise<Story> {
  let story: Story | undefined;
  await eventually(`the story of ${id}`, async () => {
    const answer = await caller.ask(`/v1/requests/${id}`);
    story = (answer.body as { data?: Story }).data;
    return answer.status === 200;
  });
  return story as Story;
}

it('tells of a live read: each attempt with its status, its cause and its bytes', async () => {
  const id = newId('live');
  stack.upstream('fm').control.inject({ fault: { kind: 'status', status: 503 }, times: 1 });
  await edge.ask(`/v1/clusters/${cluster}?max_stale=0`, { headers: { 'x-request-id': id } });
  const story = await storyOf(id, edge);
  expect(story).toMatchObject({
    id,
    principal: { id: edge.id, kind: 'api_key' },
    method: 'GET',
    route: '/v1/clusters/:id',
    path: `/v1/clusters/${cluster}`,
    status: 200,
    answered_from: 'live',
    error: null,
    connections: ['fm'],
    operations: [{ connection: 'fm', operation: 'clusters.get', outcome: 'ok', joined: false }],
  });
  const made = story.attempts.filter(({ operation }) => operation === 'clusters.get');
  expect(made).toMatchObject([
    { attempt: 1, cause: 'first', status: 503 },
    { attempt: 2, cause: 'retry', status: 200, outcome: 'ok', bytes: expect.any(Number) },
  ]);
  expect(made[0]?.path).toMatch(/^\/.*\/clusters\//);
  expect(JSON.stringify(story)).not.toContain(stack.upstream('fm').baseUrl);
});

it('tells of a read out of the inventory, and of a list', async () => {
  const [one, many] = [newId('cached'), newId('list')];
  await edge.ask(`/v1/clusters/${cluster}?cached=true`, { headers: { 'x-request-id': one } });
  await edge.ask(`/v1/clusters?q=${one.slice(-6)}`, { headers: { 'x-request-id': many } });
  expect(await storyOf(one, edge)).toMatchObject({
    answered_from: 'inventory',
    attempts: [],
    steps: [{ name: 'inventory.get' }],
  });
  expect(await storyOf(many, edge)).toMatchObject({
    answered_from: 'inventory',
    steps: [{ name: 'inventory.list' }],
  });
});

it('tells who waited for the call of another', async () => {
  const ids = [newId('first'), newId('second')];
  stack.upstream('fm').control.inject({ fault: { kind: 'latency', ms: 300 }, times: 1 });
  await Promise.all(
    ids.map((id) => edge.ask(`/v1/clusters/${cluster}?max_stale=0`, { headers: { 'x-request-id': id } })),
  );
  const stories = await Promise.all(ids.map((id) => storyOf(id, edge)));
  expect(stories.map(({ joined }) => joined).sort()).toEqual([0, 1]);
  expect(stories.map(({ answered_from }) => answered_from)).toEqual(['live', 'live']);
});

it('tells what a write did, started and caused, to those who may hear of it', async () => {
  const id = newId('write');
  const created = await stack.ask('/v1/projects', {
    method: 'POST',
    headers: { ...json, 'x-request-id': id },
    body: JSON.stringify({ connection: 'apps', name: `made-${id}` }),
  });
  expect(created.status).toBe(201);
  await eventually('its event', async () => (await storyOf(id)).events.length > 0);
  const story = await storyOf(id);
  expect(story.operations).toContainEqual(
    expect.objectContaining({ connection: 'apps', operation: 'projects.create', outcome: 'ok' }),
  );
  expect(story.writes).toMatchObject([{ id: expect.stringMatching(/^op_/), state: 'succeeded' }]);
  expect(story.events).toMatchObject([{ type: 'project.created' }]);
  const body = (await stack.ask(`/v1/operations/${story.writes[0]?.id}`)).body as {
    data: { request_id: string };
  };
  expect(body.data.request_id).toBe(id);
});

it('tells what was sent of its events, and to which webhooks, to those who see them', async () => {
  const [ours, roots] = [await Endpoint.start(), await Endpoint.start()];
  roots.behaviour = answering(410);
  const hook = (url: string, more: object) =>
    world.made<{ id: string }>('/v1/webhooks', { url, events: ['project.created'], ...more });
  const [own, whole] = [await hook(ours.url, { team: 'edge' }), await hook(roots.url, {})];
  const id = newId('hook');
  const created = await edge.ask('/v1/projects', {
    method: 'POST',
    headers: { ...json, 'x-request-id': id },
    body: JSON.stringify({ connection: 'apps', name: `made-${id}` }),
  });
  expect(created.status).toBe(201);
  await eventually(
    'both deliveries end',
    async () => (await storyOf(id)).deliveries.filter(({ finished_at }) => finished_at !== null).length === 2,
  );
  const { deliveries, events } = await storyOf(id);
  const event = events[0]?.id;
  const sent = { webhook: own.id, event, state: 'succeeded', attempts: 1, status: 204 };
  expect(deliveries).toHaveLength(2);
  expect(deliveries).toEqual(
    expect.arrayContaining([
      { id: expect.stringMatching(/^dlv_/), finished_at: expect.any(String), ...sent },
      expect.objectContaining({ webhook: whole.id, event, state: 'failed', attempts: 1, status: 410 }),
    ]),
  );
  expect((await storyOf(id, edge)).deliveries).toMatchObject([sent]);
  for (const webhook of [own, whole]) await stack.ask(`/v1/webhooks/${webhook.id}`, { method: 'DELETE' });
  await Promise.all([ours.close(), roots.close()]);
});

it('tells of a list that was ready', async () => {
  const path = `/v1/clusters?limit=7&sort=-name`;
  for (let n = 0; n < 3; n++) await edge.ask(path);
  const [id, unchanged] = [newId('ready'), newId('ready')];
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const { headers } = await edge.ask(path, { headers: { 'x-request-id': id, traceparent } });
  const again = { 'x-request-id': unchanged, 'if-none-match': headers['etag'] as string };
  expect(await edge.ask(path, { headers: again })).toMatchObject({ status: 304 });
  expect(await storyOf(id, edge)).toMatchObject({
    principal: { id: edge.id },
    route: '/v1/clusters',
    path: '/v1/clusters',
    status: 200,
    answered_from: 'inventory',
    steps: [{ name: 'ready' }],
    attempts: [],
    trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
  });
  expect(await storyOf(unchanged, edge)).toMatchObject({ status: 304, steps: [{ name: 'ready' }] });
  expect((await lab.ask(`/v1/requests/${id}`)).status).toBe(404);
});

it('tells of failures: the code, and of an upstream that could not be reached', async () => {
  const [missing, down] = [newId('missing'), newId('down')];
  await edge.ask('/v1/clusters/cluster_none', { headers: { 'x-request-id': missing } });
  stack.upstream('fm').control.inject({ fault: { kind: 'status', status: 500 } });
  await edge.ask('/v1/connections/fm/test', { method: 'POST', headers: { 'x-request-id': down } });
  stack.upstream('fm').control.clear();
  expect(await storyOf(missing, edge)).toMatchObject({
    status: 404,
    error: { code: 'not_found', message: 'no such cluster' },
    answered_from: 'gateway',
  });
  expect((await storyOf(down, edge)).operations).toMatchObject([{ outcome: 'unexpected' }]);
});

it('is read by the own team alone, and by root', async () => {
  const id = newId('own');
  await edge.ask('/v1/clusters/cluster_none', { headers: { 'x-request-id': id } });
  await storyOf(id, edge);
  expect((await stack.ask(`/v1/requests/${id}`)).status).toBe(200);
  expect((await lab.ask(`/v1/requests/${id}`)).status).toBe(404);
  const listed = (await lab.ask('/v1/requests?limit=100')).body as { data: Story[] };
  expect(listed.data.filter(({ principal }) => principal?.id !== lab.id)).toEqual([]);
  const without = await world.key('edge', ['clusters:read']);
  expect((await without.ask(`/v1/requests/${id}`)).status).toBe(403);
});

it('keeps two callers apart who chose the same id at the same time', async () => {
  const id = newId('same');
  stack.upstream('fm').control.inject({ fault: { kind: 'latency', ms: 200 }, times: 1 });
  await Promise.all([
    edge.ask(`/v1/clusters/${cluster}?max_stale=0`, { headers: { 'x-request-id': id } }),
    lab.ask('/v1/clusters/cluster_none', { headers: { 'x-request-id': id } }),
  ]);
  expect((await storyOf(id, edge)).attempts.length).toBeGreaterThan(0);
  expect(await storyOf(id, lab)).toMatchObject({ principal: { id: lab.id }, attempts: [], operations: [] });
});

it('is walked by cursor, and chosen by status, connection, time and slowness', async () => {
  const since = new Date().toISOString();
  const ids: string[] = [];
  for (let n = 0; n < 5; n += 1) {
    const id = newId(`walk${n}`);
    ids.unshift(id);
    await edge.ask(`/v1/clusters/cluster_${n}`, { headers: { 'x-request-id': id } });
  }
  await storyOf(ids[0] as string, edge);
  const filter = `status=4xx&since=${since}`;
  const walked: string[] = [];
  let cursor = '';
  do {
    const page = (await edge.ask(`/v1/requests?${filter}&limit=2${cursor}`)).body as {
      data: Story[];
      pagination: { next_cursor: string | null };
    };
    walked.push(...page.data.filter(({ route }) => route === '/v1/clusters/:id').map(({ id }) => id));
    cursor = page.pagination.next_cursor === null ? '' : `&cursor=${page.pagination.next_cursor}`;
  } while (cursor !== '');
  expect(walked).toEqual(ids);
  const of = async (query: string) =>
    ((await edge.ask(`/v1/requests?limit=100&${query}`)).body as { data: Story[] }).data;
  expect((await of('connection=fm')).every(({ connections }) => connections.includes('fm'))).toBe(true);
  expect((await of('connection=fm')).length).toBeGreaterThan(2);
  expect((await of('slow=250')).every(({ duration_ms }) => duration_ms >= 250)).toBe(true);
  expect((await of('slow=250')).length).toBeGreaterThan(0);
  expect(await of(`status=500&since=${since}`)).toEqual([]);
  for (const bad of ['status=4x', 'slow=often', 'since=yesterday', 'connection=', 'colour=red'])
    expect((await edge.ask(`/v1/requests?${bad}`)).status).toBe(422);
});

describe('?explain=true', () => {
  it('puts the story into the answer of a live read', async () => {
    const answer = await edge.ask(`/v1/clusters/${cluster}?max_stale=0&explain=true`);
    const { data, explain, requestId } = answer.body as { data: unknown; explain: Story; requestId: string };
    expect(data).toMatchObject({ id: cluster });
    expect(explain).toMatchObject({
      id: requestId,
      status: 200,
      answered_from: 'live',
      operations: [{ connection: 'fm', operation: 'clusters.get' }],
    });
    expect(explain.attempts.length).toBeGreaterThan(0);
    expect(answer.headers['etag']).toBeUndefined();
    expect(answer.headers['cache-control']).toBe('no-store');
  });

  it('puts it into a list each time, which is never kept, and into an error', async () => {
    for (let n = 0; n < 3; n += 1) {
      const list = await edge.ask('/v1/clusters?explain=true', { headers: { 'if-none-match': '*' } });
      expect(list.status).toBe(200);
      expect(list.body).toMatchObject({
        explain: { answered_from: 'inventory' },
        requestId: expect.any(String),
      });
    }
    const error = await edge.ask('/v1/clusters/cluster_none?explain=true');
    expect(error.body).toMatchObject({ error: { code: 'not_found' }, explain: { status: 404 } });
  });

  it('is refused with another word, on what is no read, and where there is no place for it', async () => {
    expect((await edge.ask('/v1/clusters?explain=false')).body).not.toHaveProperty('explain');
    for (const path of ['/v1/clusters?explain=yes', '/v1/events/stream?explain=true'])
      expect((await edge.ask(path)).status).toBe(422);
    const write = await edge.ask('/v1/connections/fm/test?explain=true', { method: 'POST' });
    expect(write.status).toBe(422);
    expect((await stack.ask('/v1/clusters?explain=yes', { key: null })).status).toBe(401);
  });
});

it('holds no secret, whoever wrote it where', async () => {
  const id = newId('secret');
  const planted = `fg_live_${token}${token}`;
  await stack.ask(`/v1/clusters/${planted}?q=${planted}`, {
    headers: { 'x-request-id': id, 'x-api-key': planted, cookie: planted },
  });
  await stack.ask('/v1/projects', {
    method: 'POST',
    headers: { ...json, 'x-request-id': newId('body') },
    body: JSON.stringify({ connection: 'apps', name: planted, password: planted }),
  });
  await storyOf(id);
  const rows = await stack.sql<{ text: string }>('SELECT record::text || detail::text AS text FROM request');
  expect(rows.length).toBeGreaterThan(10);
  const all = rows.map(({ text }) => text).join();
  expect(all).toContain('[redacted]');
  for (const secret of [planted, ...stack.secrets, edge.credential, lab.credential])
    expect(all).not.toContain(secret);
});

// Last: it teaches the gateway what is usual, and others here look at reads that are slow.
it('tells of a read that took long and was asked a second time', async () => {
  const read = (id: string) =>
    edge.ask(`/v1/clusters/${cluster}?max_stale=0`, { headers: { 'x-request-id': id } });
  // As many as it takes to know what is usual, and to have a share for a second request.
  for (let each = 0; each < 60; each += 1) await read(newId('usual'));
  stack.upstream('fm').control.inject({ fault: { kind: 'latency', ms: 5_000 }, times: 1 });
  const id = newId('hedged');
  expect(await read(id)).toMatchObject({ status: 200 });
  const { attempts } = await storyOf(id, edge);
  expect(attempts).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ attempt: 1, cause: 'first', outcome: 'outrun', status: null }),
      expect.objectContaining({ attempt: 2, cause: 'hedge', outcome: 'ok', status: 200 }),
    ]),
  );
});
