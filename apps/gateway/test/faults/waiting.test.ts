import { ErrorBody, encodeId } from '@fleetgate/model';
import { request } from 'undici';
import { eventually, type Stack, startStack } from '../e2e/stack.ts';
import { listOf } from '../e2e/walking.ts';
import { type StallingProxy, stallingProxy } from './stalling-proxy.ts';

const upstream = 'fleet-manager';
let proxy: StallingProxy;
let stack: Stack;
/** a resource of the upstream that hangs */
let hanging: string;
let key: string;
/** one of the upstream that is well */
let well: string;

beforeAll(async () => {
  proxy = await stallingProxy('hang');
  stack = await startStack([
    { slug: 'hangs', upstream, scale: 20, settings: { baseUrl: `${proxy.url}/api/v2`, timeoutMs: 30_000 } },
    { slug: 'well', upstream, scale: 20 },
  ]);
  await stack.reach('fresh', ['well']);
  const { data } = listOf(await stack.ask('/v1/clusters?connection=well&limit=1'));
  well = data[0]?.id as string;
  key = stack.upstream('hangs').control.add('cluster', 1)[0] as string;
  hanging = encodeId('cluster', 'hangs', [key]);
});
afterAll(async () => {
  await stack?.close();
  await proxy?.close();
});

const live = (id: string) => `/v1/clusters/${id}?max_stale=0`;
const call = (id: string, signal: AbortSignal) =>
  request(`${stack.url}${live(id)}`, { headers: { authorization: `Bearer ${stack.rootKey}` }, signal }).then(
    ({ statusCode }) => statusCode,
    (error: Error) => error.name,
  );

describe('a caller who goes away', () => {
  it('ends the upstream call that nobody else waits for', async () => {
    const before = proxy.abandoned(key);
    const caller = new AbortController();
    const answer = call(hanging, caller.signal);
    await eventually('the upstream is asked', () => proxy.waiting(key) === 1);
    caller.abort();
    expect(await answer).toBe('AbortError');
    await eventually('the upstream call has ended', () => proxy.waiting(key) === 0);
    expect(proxy.abandoned(key)).toBe(before + 1);
  });

  it('does not end it for the others, and the last one does', async () => {
    const callers = [new AbortController(), new AbortController(), new AbortController()];
    const answers = callers.map(({ signal }) => call(hanging, signal));
    await eventually('the upstream is asked', () => proxy.waiting(key) === 1);
    callers[0]?.abort(); // whoever came first is one of them
    await answers[0];
    callers[1]?.abort();
    await answers[1];
    expect(proxy.waiting(key)).toBe(1);
    callers[2]?.abort();
    await answers[2];
    await eventually('the upstream call has ended', () => proxy.waiting(key) === 0);
  });
});

describe('a caller who says how long it waits', () => {
  it.each<Record<string, string>>([{ 'x-request-timeout': '0.3' }, { 'request-timeout': '300ms' }])(
    'is answered by then: %p',
    async (headers) => {
      const started = performance.now();
      const answer = await stack.ask(live(hanging), { headers });
      const took = performance.now() - started;
      expect(ErrorBody.parse(answer.body).error).toMatchObject({ code: 'upstream_timeout', status: 504 });
      expect(took).toBeGreaterThan(250);
      expect(took).toBeLessThan(900);
      await eventually('the upstream call has ended', () => proxy.waiting(key) === 0);
    },
  );

  it('has the upstream told what is left of it', async () => {
    const { control } = stack.upstream('well');
    const told = async (headers: Record<string, string>) => {
      const before = control.requests().length;
      await stack.ask(live(well), { headers });
      const asked = control.requests().slice(before);
      return Number(asked.find(({ path }) => path.includes('/clusters/'))?.headers['x-request-timeout']);
    };
    const short = await told({ 'x-request-timeout': '0.4' });
    const own = await told({});
    expect(short).toBeGreaterThan(0);
    expect(short).toBeLessThanOrEqual(0.4);
    expect(own).toBeGreaterThan(0.4);
  });

  it.each(['soon', '0', '-1', '1h'])(
    'and says it wrongly (%p) is told so, whatever it asks for',
    async (text) => {
      for (const path of ['/v1/clusters', live(well)]) {
        await stack.ask(path); // ready from now on, where it can be
        const { status, body } = await stack.ask(path, { headers: { 'x-request-timeout': text } });
        expect(status).toBe(400);
        const { error } = ErrorBody.parse(body);
        expect(error).toMatchObject({ code: 'bad_request', details: [{ field: 'x-request-timeout' }] });
      }
    },
  );
});
