import { Database } from '../../src/database/database.ts';
import type { Delivery } from '../../src/webhooks/delivery.ts';
import type { NewWebhook, Webhook } from '../../src/webhooks/webhook.ts';
import { World } from '../access/world.ts';
import { eventually, type Stack, startStack } from '../e2e/stack.ts';
import { accepting, answering, Endpoint, verify } from './endpoint.ts';
import { happen } from './happenings.ts';
import { TurnedClock } from './turned-clock.ts';

const minute = 60_000;
const hour = 60 * minute;
/** as Standard Webhooks suggests it */
const schedule = [5_000, 5 * minute, 30 * minute, ...[2, 5, 10, 14, 20, 24].map((hours) => hours * hour)];

let stack: Stack;
let world: World;
const clock = new TurnedClock();
const endpoints: Endpoint[] = [];
/** webhooks of the test that runs */
let made: string[] = [];

beforeAll(async () => {
  stack = await startStack([], {}, { clock, random: () => 0 });
  world = new World(stack);
});
afterEach(async () => {
  for (const id of made) await stack.ask(`/v1/webhooks/${id}`, { method: 'DELETE' });
  made = [];
  await Promise.all(endpoints.splice(0).map((endpoint) => endpoint.close()));
});
afterAll(() => stack?.close());

async function endpointOf(): Promise<Endpoint> {
  const endpoint = await Endpoint.start();
  endpoints.push(endpoint);
  return endpoint;
}

async function hook(endpoint: Endpoint, more: object = {}): Promise<NewWebhook> {
  const webhook = await world.made<NewWebhook>('/v1/webhooks', {
    url: endpoint.url,
    events: ['deployment.*'],
    ...more,
  });
  made.push(webhook.id);
  return webhook;
}

const stateOf = async (id: string) =>
  ((await stack.ask(`/v1/webhooks/${id}`)).body as { data: Webhook }).data;
const logOf = async (id: string, query = '') =>
  ((await stack.ask(`/v1/webhooks/${id}/deliveries${query}`)).body as { data: Delivery[] }).data;
const post = (path: string, body?: unknown) =>
  body === undefined ? stack.ask(path, { method: 'POST' }) : world.send(path, body);

it('sends each event once, as it is in the log, with a signature that the reference library takes', async () => {
  const endpoint = await endpointOf();
  const { id, secret } = await hook(endpoint);
  await happen(stack.sql, [{ resource: 'deploy_a' }, { resource: 'deploy_b' }]);
  await eventually('both have come', () => endpoint.received.length === 2);
  for (const received of endpoint.received) {
    verify(received, secret);
    expect(received.id).toBe(received.event.id);
    expect(received.headers['content-type']).toBe('application/json');
    expect(() => verify({ ...received, body: `${received.body} ` }, secret)).toThrow('No matching signature');
  }
  const { data } = (await stack.ask('/v1/events?type=deployment.*')).body as { data: { id: string }[] };
  expect([...endpoint.ids].sort()).toEqual(data.map((event) => event.id).sort());
  expect(endpoint.received.map(({ event }) => event)).toEqual(expect.arrayContaining(data));
  await eventually('it is written down', async () =>
    (await logOf(id)).every(({ state }) => state === 'succeeded'),
  );
  const [newest] = await logOf(id);
  expect(newest).toMatchObject({
    state: 'succeeded',
    test: false,
    replay: false,
    attempts: [{ error: null, response: { status: 204 }, request: { url: endpoint.url } }],
  });
  expect(JSON.stringify(newest)).not.toContain('signature');
});

it('sends a test at once, whatever it names, and tells what came of it', async () => {
  const endpoint = await endpointOf();
  const { id, secret } = await hook(endpoint, { events: ['cluster.degraded'] });
  const answer = await post(`/v1/webhooks/${id}/test`);
  expect(answer).toMatchObject({
    status: 200,
    body: { data: { test: true, state: 'succeeded', attempts: [{ response: { status: 204 } }] } },
  });
  expect(endpoint.received.map(({ type }) => type)).toEqual(['webhook.test']);
  verify(endpoint.received[0] as never, secret);
  endpoint.behaviour = answering(418);
  expect((await post(`/v1/webhooks/${id}/test`)).body).toMatchObject({
    data: { state: 'failed', attempts: [{ error: 'answered 418' }] },
  });
  expect(await stateOf(id)).toMatchObject({ status: 'active' });
});

it('signs with both secrets after a rotation, until the time of the one before is over', async () => {
  const endpoint = await endpointOf();
  const { id, secret: first } = await hook(endpoint, { secret: 'your-webhook-secret' });
  const { secret: second, previous_secret_until: until } = await world.made<NewWebhook>(
    `/v1/webhooks/${id}/rotate-secret`,
    { keep_previous: 3600 },
  );
  expect(second).toMatch(/^whsec_/);
  expect(Date.parse(until as string) - clock.now()).toBeGreaterThan(3_590_000);
  await post(`/v1/webhooks/${id}/test`);
  const [both] = endpoint.received;
  verify(both as never, first);
  verify(both as never, second);
  clock.turn(3_601_000);
  await post(`/v1/webhooks/${id}/test`);
  const last = endpoint.received.at(-1) as never;
  expect(
    String((last as { headers: Record<string, string> }).headers['webhook-signature']).split(' '),
  ).toHaveLength(1);
  expect((await stateOf(id)).previous_secret_until).toBeNull();
});

it('tries again at 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 14 h, 20 h and 24 h, then disables and says so', async () => {
  const endpoint = await endpointOf();
  endpoint.behaviour = answering(500, {}, 'x'.repeat(5_000));
  const { id } = await hook(endpoint);
  await happen(stack.sql, [{ resource: 'deploy_a' }]);
  for (const [at, wait] of schedule.entries()) {
    await eventually(`attempt ${at + 1}`, async () => (await logOf(id))[0]?.attempts.length === at + 1);
    const [delivery] = await logOf(id);
    const due =
      Date.parse(delivery?.next_attempt_at as string) - Date.parse(delivery?.attempts.at(-1)?.at as string);
    expect(due / wait).toBeCloseTo(1, 0);
    expect(due).toBeGreaterThanOrEqual(wait);
    expect(endpoint.received).toHaveLength(at + 1);
    clock.turn(wait);
  }
  await eventually('it is disabled', async () => (await stateOf(id)).status === 'disabled');
  expect(endpoint.received).toHaveLength(10);
  expect(new Set(endpoint.ids).size).toBe(1);
  expect(await stateOf(id)).toMatchObject({ disabled_reason: 'failing' });
  const [delivery] = await logOf(id);
  expect(delivery).toMatchObject({ state: 'failed', next_attempt_at: null });
  expect(delivery?.attempts).toHaveLength(10);
  expect(delivery?.attempts[0]?.response?.body).toBe('x'.repeat(1_000));
  await eventually('it is an event', async () => {
    const { data } = (await stack.ask(`/v1/events?resource=${id}`)).body as { data: { type: string }[] };
    return data[0]?.type === 'webhook.disabled';
  });
  const { data: audit } = (await stack.ask(`/v1/audit?target=${id}`)).body as {
    data: { action: string; actor: unknown; detail: object }[];
  };
  expect(audit[0]).toMatchObject({ action: 'webhook.disable', actor: null, detail: { reason: 'failing' } });
});

it('waits for as long as Retry-After says, leaves an overloaded endpoint alone, and goes on', async () => {
  const endpoint = await endpointOf();
  endpoint.behaviour = answering(429, { 'retry-after': '600' });
  const { id } = await hook(endpoint);
  await happen(stack.sql, [{ resource: 'deploy_a' }]);
  await eventually('one attempt', async () => (await logOf(id))[0]?.attempts.length === 1);
  const [delivery] = await logOf(id);
  const wait =
    Date.parse(delivery?.next_attempt_at as string) - Date.parse(delivery?.attempts[0]?.at as string);
  expect(Math.round(wait / 1000)).toBeGreaterThanOrEqual(600);
  endpoint.behaviour = accepting;
  await happen(stack.sql, [{ resource: 'deploy_b' }]);
  await eventually('the other waits too', async () => (await logOf(id, '?state=waiting')).length === 2);
  expect(endpoint.received).toHaveLength(1);
  clock.turn(601_000);
  await eventually('both have arrived', async () => (await logOf(id, '?state=succeeded')).length === 2);
  expect(await stateOf(id)).toMatchObject({ status: 'active', failing_since: null });
});

it('disables an endpoint that answers 410, at once', async () => {
  const endpoint = await endpointOf();
  endpoint.behaviour = answering(410);
  const { id } = await hook(endpoint);
  await happen(stack.sql, [{ resource: 'deploy_a' }]);
  await eventually('it is disabled', async () => (await stateOf(id)).disabled_reason === 'gone');
  const other = await endpointOf();
  await hook(other);
  await happen(stack.sql, [{ resource: 'deploy_b' }]);
  await eventually('the other one hears', () => other.received.length === 1);
  expect(endpoint.received).toHaveLength(1);
});

describe('ordered', () => {
  it('holds later events of a resource back while one of it fails, and no others', async () => {
    const endpoint = await endpointOf();
    let refuse = true;
    endpoint.behaviour = ({ event }, response) => {
      const failing = refuse && event.data['deployment']?.id === 'deploy_a';
      response.writeHead(failing ? 503 : 204).end();
    };
    const { id } = await hook(endpoint, { ordered: true });
    await happen(stack.sql, [
      ...['deploy_a', 'deploy_a', 'deploy_b', 'deploy_a', 'deploy_b'].map((resource) => ({ resource })),
    ]);
    const of = (resource: string) =>
      endpoint.received.filter(({ event }) => event.data['deployment']?.id === resource);
    await eventually('b has all of its own', () => of('deploy_b').length === 2);
    await eventually('a was tried', async () => of('deploy_a').length === 1);
    refuse = false;
    await eventually('its failure is known', async () => (await stateOf(id)).failing_since !== undefined);
    await eventually('it is due later', async () => {
      const waiting = await logOf(id, '?state=waiting');
      return waiting.length === 3 && waiting.some(({ attempts }) => attempts.length === 1);
    });
    clock.turn(6_000);
    await eventually('a has all', () => of('deploy_a').length === 4);
    const sequences = of('deploy_a').map(({ event }) => event.sequence as number);
    expect(sequences).toEqual([...sequences].sort((x, y) => x - y));
    expect(sequences[0]).toBe(sequences[1]); // the one that was refused came again, under its id
  });

  it('sends events of one resource one at a time, many of them, and lets others pass', async () => {
    const endpoint = await endpointOf();
    const open = new Map<string, number>();
    let overlapped = false;
    endpoint.behaviour = async ({ event }, response) => {
      const resource = event.data['deployment']?.id as string;
      open.set(resource, (open.get(resource) ?? 0) + 1);
      overlapped ||= (open.get(resource) ?? 0) > 1;
      await new Promise((resolve) => setTimeout(resolve, 5));
      open.set(resource, (open.get(resource) ?? 0) - 1);
      response.writeHead(200).end('ok');
    };
    await hook(endpoint, { ordered: true });
    const resources = Array.from({ length: 120 }, (_, at) => `deploy_${at % 6}`);
    await happen(
      stack.sql,
      resources.map((resource) => ({ resource })),
    );
    await eventually('all have come', () => endpoint.received.length === 120);
    expect(overlapped).toBe(false);
    expect(endpoint.mostOpen).toBeGreaterThan(1);
    for (let at = 0; at < 6; at++) {
      const own = endpoint.received.filter(({ event }) => event.data['deployment']?.id === `deploy_${at}`);
      const sequences = own.map(({ event }) => event.sequence as number);
      expect(sequences).toEqual([...sequences].sort((x, y) => x - y));
      expect(new Set(sequences).size).toBe(20);
    }
  });
});

it('pauses an endpoint that only fails, one that hangs has its own share only, and neither keeps others waiting', async () => {
  const [broken, hanging, healthy] = [await endpointOf(), await endpointOf(), await endpointOf()];
  broken.behaviour = answering(500);
  hanging.behaviour = () => undefined;
  const { id } = await hook(broken);
  await hook(hanging);
  await hook(healthy);
  await happen(
    stack.sql,
    Array.from({ length: 300 }, (_, at) => ({ resource: `deploy_${at}` })),
  );
  await eventually('the healthy one has all', () => healthy.received.length === 300);
  expect(new Set(healthy.ids).size).toBe(300);
  expect(hanging.mostOpen).toBe(16);
  await eventually('the broken one is paused', async () => (await stateOf(id)).status === 'paused');
  expect(broken.received.length).toBeLessThanOrEqual(40);
  const before = broken.received.length;
  broken.behaviour = accepting;
  clock.turn(5 * minute);
  await eventually('it is tried, and has all', () => new Set(broken.ids).size === 300);
  expect(broken.received.length).toBeGreaterThan(before);
  await eventually('it is active', async () => (await stateOf(id)).status === 'active');
});

describe('replay', () => {
  it('sends one delivery again, under the same id', async () => {
    const endpoint = await endpointOf();
    const { id } = await hook(endpoint);
    await happen(stack.sql, [{ resource: 'deploy_a' }]);
    await eventually('it has come', () => endpoint.received.length === 1);
    const [delivery] = await logOf(id);
    const answer = await post(`/v1/webhooks/${id}/deliveries/${delivery?.id}/replay`);
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({ data: { replay: true, event: { id: endpoint.ids[0] } } });
    await eventually('it has come again', () => endpoint.received.length === 2);
    expect(endpoint.ids[1]).toBe(endpoint.ids[0]);
    expect(endpoint.received[1]?.body).toBe(endpoint.received[0]?.body);
  });

  it('sends all since an event or a time, to one that was disabled meanwhile', async () => {
    const endpoint = await endpointOf();
    const { id } = await hook(endpoint);
    await happen(stack.sql, [{ resource: 'deploy_a' }]);
    await eventually('it has come', () => endpoint.received.length === 1);
    await world.send(`/v1/webhooks/${id}`, { enabled: false }, { method: 'PATCH' });
    const since = new Date().toISOString();
    await happen(stack.sql, [{ resource: 'deploy_missed_1' }, { resource: 'deploy_missed_2' }]);
    await eventually('they are in the log', async () => {
      const { data } = (await stack.ask('/v1/events?resource=deploy_missed_2')).body as { data: object[] };
      return data.length === 1;
    });
    expect((await post(`/v1/webhooks/${id}/replay`, { since })).status).toBe(409);
    await world.send(`/v1/webhooks/${id}`, { enabled: true }, { method: 'PATCH' });
    expect(endpoint.received).toHaveLength(1);
    const answer = await post(`/v1/webhooks/${id}/replay`, { since });
    expect(answer).toMatchObject({ status: 202, body: { data: { queued: 2, next: null } } });
    await eventually('both have come', () => endpoint.received.length === 3);
    const again = await post(`/v1/webhooks/${id}/replay`, { since: endpoint.ids[1] });
    expect(again).toMatchObject({ status: 202 });
    await eventually('from that one on', () => endpoint.received.length >= 4);
    const unknown = await post(`/v1/webhooks/${id}/replay`, { since: `evt_${'0'.repeat(36)}` });
    expect(unknown).toMatchObject({ status: 422, body: { error: { details: [{ field: 'since' }] } } });
  });
});

it('looks at nothing while nothing is due', async () => {
  const endpoint = await endpointOf();
  await hook(endpoint);
  await happen(stack.sql, [{ resource: 'deploy_a' }]);
  await eventually('it has come', () => endpoint.received.length === 1);
  await new Promise((resolve) => setTimeout(resolve, 300));
  const { pool } = stack.app.get(Database);
  const query = pool.query.bind(pool);
  const asked: string[] = [];
  pool.query = ((statement: { text: string }) => {
    if (/webhook/.test(statement.text)) asked.push(statement.text);
    return query(statement);
  }) as typeof pool.query;
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  pool.query = query as typeof pool.query;
  expect(asked).toEqual([]);
});
