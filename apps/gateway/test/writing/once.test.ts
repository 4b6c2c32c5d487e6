import { randomUUID } from 'node:crypto';
import { type Answer, type Stack, startStack } from '../e2e/stack.ts';

let stack: Stack;
const spec = { source_type: 'api', source_config: 'type: Application\n' };

const post = (name: string, key: string | undefined, headers: Record<string, string> = {}): Promise<Answer> =>
  stack.ask('/v1/projects', {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(key === undefined ? {} : { 'idempotency-key': key }),
      ...headers,
    },
    body: JSON.stringify({ connection: 'fm', name, spec }),
  });
const fm = () => stack.upstream('fm').control;
/** Requests that changed something upstream. */
const creates = () =>
  fm()
    .requests()
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path }) => `${method} ${path}`);
const codeOf = ({ body }: Answer) => (body as { error: { code: string } }).error.code;

beforeAll(async () => {
  stack = await startStack([{ slug: 'fm', upstream: 'fleet-manager', scale: 20 }]);
  await stack.reach('fresh');
});
afterAll(() => stack?.close());
beforeEach(() => {
  fm().clear();
  fm().forget();
});

describe('an Idempotency-Key', () => {
  it('200 at once make one, and all are answered alike', async () => {
    const key = randomUUID();
    const before = fm().size('project');
    const answers = await Promise.all(Array.from({ length: 200 }, () => post('once', key)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    const bodies = answers.map(({ body }) => JSON.stringify({ ...(body as object), requestId: '' }));
    expect(new Set(bodies).size).toBe(1);
    expect(new Set(answers.map(({ headers }) => headers['location'])).size).toBe(1);
    expect(answers.filter(({ headers }) => headers['idempotency-replayed'] === 'true')).toHaveLength(199);
    for (const { body, headers } of answers) {
      expect((body as { requestId: string }).requestId).toBe(headers['x-request-id']);
    }
    expect(creates()).toEqual(['POST /api/v2/deployment-applications']);
    expect(fm().size('project')).toBe(before + 1);
  });

  it('stands for one request only', async () => {
    const key = randomUUID();
    expect((await post('first', key)).status).toBe(201);
    const other = await post('second', key);
    expect([other.status, codeOf(other)]).toEqual([422, 'validation_error']);
    expect((await post('first', `"${key}"`)).headers['idempotency-replayed']).toBe('true'); // quoted, the same key
    expect(creates()).toEqual(['POST /api/v2/deployment-applications']);
  });

  it('replays a refusal as well', async () => {
    const key = randomUUID();
    const first = await post(' spaces ', key);
    const again = await post(' spaces ', key);
    expect([first.status, again.status, again.headers['idempotency-replayed']]).toEqual([422, 422, 'true']);
  });

  it('is refused when it cannot be read', async () => {
    const answer = await post('x', 'a,b');
    expect([answer.status, codeOf(answer)]).toEqual([400, 'bad_request']);
  });

  it('two requests without one make two', async () => {
    await post('twins', undefined);
    await post('twins', undefined);
    expect(creates()).toHaveLength(2);
  });
});

describe('an answer that is lost', () => {
  it('after the platform has done it: it is found, and not made again', async () => {
    fm().inject({ fault: { kind: 'half_body' }, match: { method: 'POST' }, times: 1 });
    const before = fm().size('project');
    const answer = await post('lost-and-found', randomUUID());
    expect(answer.status).toBe(201);
    expect(creates()).toEqual(['POST /api/v2/deployment-applications']);
    expect(fm().size('project')).toBe(before + 1);
  });

  it('while nobody can look: the same key goes on later, and it is not made again', async () => {
    const key = randomUUID();
    const before = fm().size('project');
    fm().inject({ fault: { kind: 'half_body' }, match: { method: 'POST' }, times: 1 });
    fm().inject({ fault: { kind: 'reset' }, match: { method: 'GET' }, skip: 1 }); // what is looked at before it passes
    const answer = await post('in-the-dark', key);
    expect(answer.status).toBeGreaterThanOrEqual(500);
    const { operation } = answer.body as { operation: { id: string; state: string; left_behind: string[] } };
    expect(operation).toMatchObject({ state: 'unresolved', left_behind: ['application'] });
    fm().clear();
    const again = await post('in-the-dark', key);
    expect(again.status).toBe(201);
    expect((again.body as { operation: { id: string } }).operation.id).toBe(operation.id);
    expect(creates()).toEqual(['POST /api/v2/deployment-applications']);
    expect(fm().size('project')).toBe(before + 1);
  });

  it('before the platform has done anything: the same key makes it after all, once', async () => {
    const key = randomUUID();
    const before = fm().size('project');
    fm().inject({ fault: { kind: 'reset' }, match: { method: 'POST' }, times: 1 });
    const answer = await post('never-arrived', key);
    expect(answer.status).toBeGreaterThanOrEqual(500);
    const again = await post('never-arrived', key);
    expect(again.status).toBe(201);
    expect(fm().size('project')).toBe(before + 1);
  });
});
