import { Agent, request } from 'undici';
import { eventually, type Stack, startStack } from '../e2e/stack.ts';

interface EventBody {
  id: string;
  type: string;
  sequence: number;
  resource_version: number | null;
  previous: { status: string } | null;
  requestId: string | null;
  connection: string | null;
  data: Record<string, { id: string; name: string; status: string }>;
}
interface Page {
  data: EventBody[];
  pagination: { limit: number; next_cursor: string | null; more: boolean };
}

let stack: Stack;
let clusterId: string;
let clusterKey: string;
const agent = new Agent();

const page = async (query = ''): Promise<Page> => (await stack.ask(`/v1/events${query}`)).body as Page;
async function all(query = ''): Promise<EventBody[]> {
  const found: EventBody[] = [];
  for (let after = ''; ; ) {
    const { data, pagination } = await page(`?limit=100${after}${query}`);
    found.push(...data);
    if (!pagination.more) return found;
    after = `&after=${pagination.next_cursor}`;
  }
}
const sync = (slug: string) => stack.ask(`/v1/connections/${slug}/sync`, { method: 'POST' });
/** Makes the upstream's cluster look so, and lets the gateway see it. */
async function become(healthState: string, onlineStatus = 'online') {
  stack.upstream('fm').control.touch('cluster', clusterKey, { healthState, onlineStatus });
  await stack.ask(`/v1/clusters/${clusterId}?max_stale=0`);
}

beforeAll(async () => {
  stack = await startStack([
    // A busy machine must not make a source fail, which would be an event.
    { slug: 'fm', upstream: 'fleet-manager', scale: 60, settings: { timeoutMs: 10_000 } },
    { slug: 'apps', upstream: 'app-platform', scale: 40, settings: { timeoutMs: 10_000 } },
  ]);
  await stack.reach('fresh');
  const { data } = (await stack.ask('/v1/clusters?connection=fm&status=healthy&limit=1')).body as {
    data: { id: string }[];
  };
  clusterId = data[0]?.id as string;
  clusterKey = Buffer.from(clusterId.split('_')[1] as string, 'base64url')
    .toString()
    .split('/')[1] as string;
});
afterAll(async () => {
  await agent.close();
  await stack?.close();
});

it('tells nothing of a first sync but that it is done', async () => {
  await eventually('both are announced', async () => (await all()).length === 2);
  const events = await all();
  expect(events.map(({ type, connection }) => `${type} ${connection}`).sort()).toEqual([
    'connection.synced apps',
    'connection.synced fm',
  ]);
  expect(events.map(({ sequence }) => sequence)).toEqual([1, 2]);
});

it('tells of every change once, in order, without a gap, with what it was before', async () => {
  await become('critical');
  await become('warning');
  await become('healthy', 'offline');
  await become('healthy');
  await eventually('four more', async () => (await all('&type=cluster.*')).length === 4);
  const events = await all();
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
  const ours = events.filter(({ data }) => data['cluster']?.id === clusterId);
  expect(ours.map(({ type, previous }) => [type, previous?.status])).toEqual([
    ['cluster.degraded', 'healthy'],
    ['cluster.updated', 'degraded'], // from one kind of degraded to the other
    ['cluster.unreachable', 'degraded'],
    ['cluster.recovered', 'unreachable'],
  ]);
  expect(ours.map((event) => event.data['cluster']?.status)).toEqual([
    'degraded',
    'degraded',
    'unreachable',
    'healthy',
  ]);
  const versions = ours.map(({ resource_version: version }) => version as number);
  expect(versions).toEqual([...versions].sort((a, b) => a - b));
  expect(new Set(versions).size).toBe(4);
  // A sync that finds the same adds nothing.
  const { newest } = { newest: events.length };
  await sync('fm');
  await stack.reach('fresh', ['fm']);
  expect((await all()).length).toBe(newest);
});

it('can be read from any event on, by type, with wildcards, and by resource', async () => {
  const events = await all();
  const second = events[1] as EventBody;
  expect((await page(`?after=${second.id}`)).data).toEqual(events.slice(2));
  expect((await page(`?after=${second.sequence}&limit=1`)).data).toEqual([events[2]]);
  expect((await page(`?resource=${clusterId}`)).data).toHaveLength(4);
  expect((await page('?type=cluster.degraded,connection.*')).data.map(({ type }) => type)).toEqual([
    'connection.synced',
    'connection.synced',
    'cluster.degraded',
  ]);
  const last = events.at(-1) as EventBody;
  expect(await page(`?after=${last.id}`)).toMatchObject({
    data: [],
    pagination: { next_cursor: last.id, more: false },
  });
});

it.each([
  ['after=999999', 'after'],
  ['after=evt_01955000-0000-7000-8000-000000000000', 'after'],
  ['after=yesterday', 'after'],
  ['type=cluster.exploded', 'type'],
  ['limit=0', 'limit'],
  ['since=1', 'since'],
])('refuses ?%s by its name', async (query, field) => {
  const { status, body } = await stack.ask(`/v1/events?${query}`);
  expect(status).toBe(422);
  expect((body as { error: { details: { field: string }[] } }).error.details[0]?.field).toBe(field);
});

it('tells when a connection begins to fail, and when it has recovered', async () => {
  const before = (await all()).length;
  stack.upstream('apps').control.inject({ fault: { kind: 'status', status: 500 } });
  await sync('apps');
  await stack.reach('failing', ['apps']);
  stack.upstream('apps').control.clear();
  await sync('apps');
  await stack.reach('fresh', ['apps']);
  await eventually('both are told', async () => (await all()).length >= before + 2);
  expect((await all()).slice(before).map(({ type, connection }) => [type, connection])).toEqual([
    ['connection.failing', 'apps'],
    ['connection.recovered', 'apps'],
  ]);
});

/** A reader of the live stream. */
async function follow(query = '', headers: Record<string, string> = {}) {
  const {
    body,
    statusCode,
    headers: answered,
  } = await request(`${stack.url}/v1/events/stream${query}`, {
    dispatcher: agent,
    headers: { authorization: `Bearer ${stack.rootKey}`, ...headers },
  });
  let text = '';
  body.on('data', (chunk) => (text += chunk));
  body.on('error', () => undefined); // cut off on purpose, below
  const events = () =>
    text
      .split('\n\n')
      .filter((block) => block.startsWith('id: '))
      .map((block) => {
        const [id = '', type = '', data = ''] = block
          .split('\n')
          .map((line) => line.slice(line.indexOf(' ') + 1));
        return { id: Number(id), type, data: JSON.parse(data) as EventBody };
      });
  return { statusCode, type: answered['content-type'], events, close: () => body.destroy() };
}

describe('the live stream', () => {
  it('shows what happens as it happens, and only what is asked for', async () => {
    const everything = await follow();
    const degraded = await follow('?type=cluster.degraded');
    expect([everything.statusCode, everything.type]).toEqual([200, 'text/event-stream; charset=utf-8']);
    await become('critical');
    await become('healthy');
    await eventually('both are heard', () => everything.events().length === 2);
    await eventually('one is heard', () => degraded.events().length === 1);
    const log = (await all()).slice(-2);
    expect(everything.events()).toEqual(
      log.map((event) => ({ id: event.sequence, type: event.type, data: event })),
    );
    expect(degraded.events().map(({ type }) => type)).toEqual(['cluster.degraded']);
    everything.close();
    degraded.close();
  });

  it('goes on where a reader left, without a gap or a double', async () => {
    const log = await all();
    const third = log[2] as EventBody;
    const reader = await follow('', { 'last-event-id': String(third.sequence) });
    await become('warning');
    await eventually('all of it', () => reader.events().length === log.length - 2);
    expect(reader.events().map(({ id }) => id)).toEqual(
      Array.from({ length: log.length - 2 }, (_, index) => third.sequence + 1 + index),
    );
    reader.close();
    await become('healthy');
  });

  it('refuses a Last-Event-ID that is none', async () => {
    const { status, body } = await stack.ask('/v1/events/stream', { headers: { 'last-event-id': 'soon' } });
    expect(status).toBe(422);
    expect(body).toMatchObject({ error: { details: [{ field: 'Last-Event-ID' }] } });
  });
});
