import { ErrorBody } from '@fleetgate/model';
import { eventually, type Stack, startStack } from '../e2e/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack([{ slug: 'chime', upstream: 'chimestack', scale: 20 }], { maxLoopDelayMs: 40 });
  await stack.reach('fresh');
});
afterAll(() => stack?.close());

/** Keeps the event loop busy for so long (ms) again and again, as too many requests do. */
function busy(ms: number): () => void {
  let on = true;
  const turn = () => {
    const until = performance.now() + ms;
    while (performance.now() < until);
    if (on) setTimeout(turn, 1);
  };
  turn();
  return () => {
    on = false;
  };
}

it('one long pause is no overload', async () => {
  const until = performance.now() + 700;
  while (performance.now() < until);
  for (let n = 0; n < 30; n += 1) {
    expect((await stack.ask('/v1/me')).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
});

it('an event loop that is late refuses requests before it is later still; health, metrics and ready lists are answered', async () => {
  for (let n = 0; n < 3; n += 1) await stack.ask('/v1/clusters?limit=3'); // ready from now on
  const relieve = busy(150);
  await eventually('it is noticed', async () => (await stack.ask('/v1/me')).status === 503);
  const refused = await stack.ask('/v1/clusters?q=any');
  const others = await Promise.all(
    ['/livez', '/readyz', '/v1/health', '/metrics', '/v1/clusters?limit=3'].map((path) => stack.ask(path)),
  );
  relieve();
  expect(ErrorBody.parse(refused.body).error).toMatchObject({
    code: 'incomplete',
    message: expect.stringContaining('overloaded'),
  });
  expect(refused.headers['retry-after']).toBe('1');
  expect(refused.headers['x-ratelimit-limit']).toBeDefined();
  expect(others.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  const [, shed] = /^fleetgate_http_requests_shed_total (\d+)/m.exec(others[3]?.text ?? '') ?? [];
  expect(Number(shed)).toBeGreaterThanOrEqual(2);
  await eventually('it is well again', async () => (await stack.ask('/v1/me')).status === 200);
});
