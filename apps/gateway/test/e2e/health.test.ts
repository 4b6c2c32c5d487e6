import { ErrorBody } from '@fleetgate/model';
import { Health } from '../../src/health/health.ts';
import { eventually, type Stack, startStack } from './stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack([
    { slug: 'chime', upstream: 'chimestack', scale: 20, syncIntervalMs: 1000 },
    { slug: 'toolkit', upstream: 'kubestellar-toolkit', scale: 20, syncIntervalMs: 1000 },
  ]);
  await stack.reach('fresh');
});
afterAll(() => stack?.close());

const open = (path: string) => stack.ask(path, { key: null });
const health = async () => ((await open('/v1/health')).body as { status: string }).status;

it.each(['/v1/health', '/livez', '/readyz'])(
  '%s is open to all and tells a status, nothing more',
  async (path) => {
    const answer = await open(path);
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ status: 'ok', requestId: answer.headers['x-request-id'] });
    expect(answer.headers['cache-control']).toBe('no-store');
    const withWrongKey = await stack.ask(path, { key: 'not-a-key-of-ours' });
    expect(withWrongKey.status).toBe(200);
  },
);

it('is degraded as long as one source fails, without naming it; alive and ready all the same', async () => {
  stack.upstream('chime').control.inject({ fault: { kind: 'status', status: 500 } });
  await eventually('degraded', async () => (await health()) === 'degraded');
  const answer = await open('/v1/health');
  expect(answer.status).toBe(200);
  expect(answer.text).not.toContain('chime');
  expect((await open('/livez')).body).toMatchObject({ status: 'ok' });
  expect((await open('/readyz')).status).toBe(200);
  stack.upstream('chime').control.clear();
  await eventually('well again', async () => (await health()) === 'ok');
});

it('is not ready while it shuts down, and still alive', async () => {
  stack.app.get(Health).stopping();
  const answer = await open('/readyz');
  expect(answer.status).toBe(503);
  expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
  expect(ErrorBody.parse(answer.body).error.code).toBe('incomplete');
  expect((await open('/livez')).status).toBe(200);
});
