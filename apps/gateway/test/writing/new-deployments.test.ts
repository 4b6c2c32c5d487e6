import { type Answer, type Stack, startStack } from '../e2e/stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack([
    { slug: 'apps', upstream: 'app-platform', scale: 20 },
    { slug: 'toolkit', upstream: 'kubestellar-toolkit', scale: 10 },
  ]);
  await stack.reach('fresh');
}, 60_000);
afterAll(() => stack.close());

const json = { 'content-type': 'application/json' };
const send = (method: string, path: string, body: unknown, headers: Record<string, string> = {}) =>
  stack.ask(path, { method, headers: { ...json, ...headers }, body: JSON.stringify(body) });
const dataOf = ({ body }: Answer) => (body as { data: Record<string, unknown> & { id: string } }).data;
const idsOf = ({ body }: Answer) => (body as { data: { id: string }[] }).data.map(({ id }) => id);
const fieldsOf = ({ body }: Answer) =>
  (body as { error: { details: { field: string }[] } }).error.details.map(({ field }) => field);

describe('a deployment that is asked for by itself', () => {
  it('is made where there are no projects, listed at once, changed under its version, and removed', async () => {
    const [cluster] = idsOf(await stack.ask('/v1/clusters?connection=toolkit&limit=1'));
    const target = { kind: 'cluster', id: cluster };
    const made = await send('POST', '/v1/deployments', {
      connection: 'toolkit',
      name: 'shop',
      target,
      version: '1',
    });
    expect([made.status, made.headers['location']]).toEqual([202, `/v1/deployments/${dataOf(made).id}`]);
    expect(dataOf(made)).toMatchObject({ name: 'shop', version: '1', project_id: null, status: 'queued' });
    expect(idsOf(await stack.ask('/v1/deployments?connection=toolkit&q=shop'))).toEqual([dataOf(made).id]);

    const path = `/v1/deployments/${dataOf(made).id}`;
    const { headers } = await stack.ask(path);
    const etag = headers['etag'] ?? '';
    const changed = await send(
      'PATCH',
      path,
      { version: '2', labels: { tier: 'prod' } },
      { 'if-match': etag },
    );
    expect(dataOf(changed)).toMatchObject({ version: '2', labels: { tier: 'prod' }, name: 'shop' });
    const late = await send('PATCH', path, { version: '3' }, { 'if-match': etag });
    expect(late.status).toBe(412);

    expect((await stack.ask(path, { method: 'DELETE' })).status).toBe(204);
    expect((await stack.ask(path)).status).toBe(404);
  });

  it('is made in the project that it names, as below that project', async () => {
    const project_id = dataOf(await send('POST', '/v1/projects', { connection: 'apps', name: 'Shop' })).id;
    const made = await send('POST', '/v1/deployments', { project_id, version: '2.1' });
    expect(dataOf(made)).toMatchObject({ project_id, version: '2.1', status: 'queued' });
    const again = await send('POST', '/v1/deployments', { project_id });
    expect(again.status).toBe(409);
    const cancelled = await stack.ask(`/v1/deployments/${dataOf(made).id}/cancel`, { method: 'POST' });
    expect(dataOf(cancelled)).toMatchObject({ status: 'cancelled' });
  });

  it.each([
    ['no connection, where several could', { name: 'a' }, ['connection']],
    ['no project, where it must have one', { connection: 'apps', version: '1' }, ['project_id']],
    ['a field that the platform has no place for', { connection: 'apps', name: 'a' }, ['name']],
    ['no target, where it must have one', { connection: 'toolkit', name: 'a' }, ['target']],
    ['an unknown field', { connection: 'toolkit', colour: 'red' }, ['colour']],
  ])('is refused with %s, by the name of the field', async (_what, body, fields) => {
    const answer = await send('POST', '/v1/deployments', body);
    expect([answer.status, fieldsOf(answer)]).toEqual([422, fields]);
  });

  it('is refused in a project of another connection', async () => {
    const [project_id] = idsOf(await stack.ask('/v1/projects?connection=apps&limit=1'));
    const answer = await send('POST', '/v1/deployments', { connection: 'toolkit', project_id });
    expect([answer.status, fieldsOf(answer)]).toEqual([422, ['project_id']]);
  });
});
