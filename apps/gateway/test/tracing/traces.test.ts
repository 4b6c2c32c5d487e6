import { randomBytes } from 'node:crypto';
import { traceContext, traceparentOf } from '../../src/tracing/trace-context.ts';
import { eventually, type Stack, startStack } from '../e2e/stack.ts';
import { type CollectedSpan, startCollector } from './collector.ts';

let collector: Awaited<ReturnType<typeof startCollector>>;
let stack: Stack;
let cluster: string;
beforeAll(async () => {
  collector = await startCollector();
  stack = await startStack([{ slug: 'fm', upstream: 'fleet-manager', scale: 40 }], {
    otlpEndpoint: collector.endpoint,
  });
  await stack.reach('fresh');
  const { data } = (await stack.ask('/v1/clusters')).body as { data: { id: string }[] };
  cluster = data[0]?.id as string;
});
afterAll(async () => {
  await stack?.close();
  collector?.close();
});

const newTrace = () => randomBytes(16).toString('hex');
async function traceOf(traceId: string, count: number): Promise<CollectedSpan[]> {
  const found = () => collector.spans.filter((span) => span.traceId === traceId);
  await eventually(`${count} spans of ${traceId}`, () => found().length >= count);
  return found();
}

it('a live read is one trace: request, operation, and each attempt under the id that the platform was given', async () => {
  const traceId = newTrace();
  const parentId = randomBytes(8).toString('hex');
  const sent: string[] = [];
  stack.upstream('fm').control.inject({ fault: { kind: 'status', status: 503 }, times: 1 });
  const answer = await stack.ask(`/v1/clusters/${cluster}?max_stale=0`, {
    headers: { traceparent: `00-${traceId}-${parentId}-01` },
  });
  expect(answer.status).toBe(200);
  for (const line of stack.log) {
    const { msg, traceId: of, attempt } = JSON.parse(line) as Record<string, unknown>;
    if (of === traceId && attempt !== undefined) sent.push(String(msg));
  }
  const spans = await traceOf(traceId, 4);
  const request = spans.find(({ name }) => name === 'GET /v1/clusters/:id');
  expect(request).toMatchObject({
    parentSpanId: parentId,
    kind: 2,
    attributes: {
      'http.route': '/v1/clusters/:id',
      'http.response.status_code': 200,
      'fleetgate.request_id': answer.headers['x-request-id'],
      'fleetgate.answered_from': 'live',
    },
  });
  const operation = spans.find(({ name }) => name === 'clusters.get');
  expect(operation).toMatchObject({
    parentSpanId: request?.spanId,
    attributes: { 'fleetgate.connection': 'fm', 'fleetgate.provider': 'fleet-manager' },
  });
  const attempts = spans.filter(({ kind, parentSpanId }) => kind === 3 && parentSpanId === operation?.spanId);
  expect(attempts.map(({ attributes }) => attributes['http.response.status_code'])).toEqual([503, 200]);
  expect(attempts[1]?.attributes).toMatchObject({
    'http.request.resend_count': 1,
    'fleetgate.again': 'retry',
  });
  expect(operation?.ms).toBeGreaterThanOrEqual(attempts.reduce((sum, { ms }) => sum + ms, 0) - 2);
  expect(sent).toHaveLength(attempts.length); // a line in the log for each, with the trace's id
  const heard = stack
    .upstream('fm')
    .control.requests()
    .map(({ headers }) => headers['traceparent']);
  for (const { spanId } of attempts) expect(heard).toContain(`00-${traceId}-${spanId}-01`);
});

it('a list shows what the inventory took; a failure is marked as one', async () => {
  const [list, failed] = [newTrace(), newTrace()];
  const parent = randomBytes(8).toString('hex');
  await stack.ask(`/v1/clusters?q=${list.slice(0, 6)}`, {
    headers: { traceparent: `00-${list}-${parent}-01` },
  });
  const spans = await traceOf(list, 2);
  const step = spans.find(({ name }) => name === 'inventory.list');
  expect(step?.parentSpanId).toBe(spans.find(({ name }) => name === 'GET /v1/clusters')?.spanId);
  stack.upstream('fm').control.inject({ fault: { kind: 'status', status: 500 } });
  await stack.ask('/v1/projects', {
    method: 'POST',
    headers: { 'content-type': 'application/json', traceparent: `00-${failed}-${parent}-01` },
    body: JSON.stringify({ connection: 'fm', name: 'never', spec: { source_config: 'x' } }),
  });
  stack.upstream('fm').control.clear();
  const of = await traceOf(failed, 3);
  expect(of.find(({ name }) => name === 'POST /v1/projects')?.status.code).toBe(2);
  expect(of.find(({ name }) => name === 'projects.create')?.status.code).toBe(2);
});

it('syncs are traces of their own', async () => {
  await eventually('a sync', () => collector.spans.some(({ name }) => name === 'sync cluster'));
  const job = collector.spans.find(({ name }) => name === 'sync cluster');
  expect(job).toMatchObject({ parentSpanId: undefined, attributes: { 'fleetgate.connection': 'fm' } });
  const below = await traceOf(job?.traceId as string, 3);
  expect(below.find(({ name }) => name === 'clusters.list')?.parentSpanId).toBe(job?.spanId);
});

it('a caller that wants no recording gets none, and its trace goes on all the same', async () => {
  const traceId = newTrace();
  await stack.ask(`/v1/clusters/${cluster}?max_stale=0`, {
    headers: { traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-00` },
  });
  const last = newTrace();
  await stack.ask('/v1/me', { headers: { traceparent: `00-${last}-${randomBytes(8).toString('hex')}-01` } });
  await traceOf(last, 1);
  expect(collector.spans.filter((span) => span.traceId === traceId)).toEqual([]);
});

it('every line about a request has its trace', async () => {
  const traceId = newTrace();
  const headers = { traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01` };
  const good = await stack.ask('/v1/me', { headers });
  const bad = await stack.ask('/v1/clusters/none', { headers });
  const lines = () => stack.log.map((line) => JSON.parse(line) as Record<string, unknown>);
  for (const { headers: of } of [good, bad]) {
    const its = () =>
      lines().filter(({ requestId, msg }) => requestId === of['x-request-id'] && msg === 'request');
    await eventually('its line', () => its().length > 0);
    expect(its()).toMatchObject([{ traceId }]);
  }
});

it('holds no secret: not the ones that came in, nor those of the platforms', async () => {
  const planted = `fg_live_${randomBytes(24).toString('base64url')}`;
  const traceId = newTrace();
  await stack.ask(`/v1/clusters/${planted}?q=${planted}`, {
    headers: {
      cookie: planted,
      'x-api-key': planted,
      traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01`,
    },
  });
  const [span] = await traceOf(traceId, 1);
  expect(span?.attributes['url.path']).toBe('/v1/clusters/[redacted]');
  const all = collector.texts.join('\n');
  for (const secret of [planted, ...stack.secrets]) expect(all).not.toContain(secret);
});

describe('a traceparent', () => {
  const good = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  it('is taken on, and goes on with ourselves as the parent', () => {
    const context = traceContext(good);
    expect(context).toMatchObject({
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      parentId: '00f067aa0ba902b7',
      sampled: true,
    });
    expect(traceparentOf(context)).toBe(`00-4bf92f3577b34da6a3ce929d0e0e4736-${context.spanId}-01`);
    expect(traceparentOf(traceContext(good.replace(/01$/, '00')))).toMatch(/-00$/);
    expect(traceContext(`01${good.slice(2)}-more`).parentId).toBe('00f067aa0ba902b7');
  });
  it.each([
    undefined,
    '',
    'nonsense',
    ['a', 'b'],
    good.toUpperCase(),
    `ff${good.slice(2)}`,
    `${good}-more`,
    good.replace('4bf92f3577b34da6a3ce929d0e0e4736', '0'.repeat(32)),
    good.replace('00f067aa0ba902b7', '0'.repeat(16)),
  ])('that is none (%j) begins a new trace', (header) => {
    const context = traceContext(header);
    expect(context.parentId).toBeUndefined();
    expect(context.traceId).toMatch(/^(?!0+$)[0-9a-f]{32}$/);
    expect(context.spanId).not.toBe(traceContext(header).spanId);
  });
});

it('tracing costs nobody a request while the collector is away', async () => {
  const other = await stack.beside({ otlpEndpoint: 'http://127.0.0.1:9', role: 'api' });
  for (let n = 0; n < 20; n += 1) expect((await other.ask('/v1/me')).status).toBe(200);
});
