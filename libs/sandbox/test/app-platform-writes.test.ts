import { startUpstream, type Upstream } from '../src/index.ts';
import { type Answered, call } from './calls.ts';

type Wire = Record<string, unknown> & { id: string };

let upstream: Upstream;
beforeEach(async () => {
  upstream = await startUpstream('app-platform', { frozen: true });
});
afterEach(() => upstream.close());

const send = (method: string, path: string, body?: unknown): Promise<Answered> =>
  call(upstream, path, {
    method,
    ...(body === undefined
      ? {}
      : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
const dataOf = (answer: Answered): Wire => (answer.body as { data: Wire }).data;
const list = async (path: string): Promise<Wire[]> =>
  ((await call(upstream, `${path}?limit=100`)).body as { data: Wire[] }).data;
const fieldsOf = (answer: Answered): string[] =>
  (answer.body as { error: { details: { field: string }[] } }).error.details.map(({ field }) => field);
const minutes = (count: number): void => upstream.control.clock.advance(count * 60_000);

describe('app platform: projects that are written', () => {
  it('are made as the documentation shows, and are there at once', async () => {
    const [team] = await list('/teams');
    const full = {
      name: 'Shop',
      description: 'sells',
      template: 'blank',
      visibility: 'private',
      team_id: team?.id,
    };
    const made = await send('POST', '/projects', full);
    expect(made.status).toBe(201);
    expect(dataOf(made)).toEqual({
      id: expect.stringMatching(/^proj_/),
      name: 'Shop',
      description: 'sells',
      status: 'active',
      created_at: '2026-01-01T00:00:00Z',
      updated_at: '2026-01-01T00:00:00Z',
      team,
      deployments: { total: 0, latest: null },
    });
    expect(dataOf(await call(upstream, `/projects/${dataOf(made).id}`))).toEqual(dataOf(made));
    expect((await list('/projects')).at(-1)).toEqual(dataOf(made));
    expect(dataOf(await send('POST', '/projects', full)).id).not.toBe(dataOf(made).id);
  });

  it('refuse wrong bodies with a 422 that names every field, and with a 400 what is no object', async () => {
    for (const [body, fields] of [
      [{}, ['name']],
      [{ name: '' }, ['name']],
      [{ name: 'x', template: 'cms', visibility: 'secret' }, ['template', 'visibility']],
      [{ name: 'x', description: 7, color: 'red' }, ['description', 'color']],
      [{ name: 'x', team_id: 'team_none' }, ['team_id']],
      [{ name: 'x', status: 'archived' }, ['status']],
    ] as const) {
      const answer = await send('POST', '/projects', body);
      expect([answer.status, fieldsOf(answer)]).toEqual([422, fields]);
    }
    for (const body of [undefined, [], 'text']) {
      expect(await send('POST', '/projects', body)).toMatchObject({
        status: 400,
        body: { error: { code: 'bad_request' } },
      });
    }
    expect(upstream.control.size('project')).toBe((await list('/projects')).length);
  });

  it('are replaced: what is left out is dropped, but status and visibility stay', async () => {
    const [first] = (await list('/projects')).filter(({ status, team }) => status === 'active' && team);
    const path = `/projects/${first?.id}`;
    minutes(5);
    expect(dataOf(await send('PUT', path, { name: 'New', status: 'archived' }))).toMatchObject({
      name: 'New',
      description: null,
      status: 'archived',
      created_at: first?.['created_at'],
      updated_at: '2026-01-01T00:05:00Z',
    });
    const kept = dataOf(await send('PUT', path, { name: 'Newer', description: 'again' }));
    expect(kept).toMatchObject({ name: 'Newer', description: 'again', status: 'archived' });
    expect(kept).not.toHaveProperty('team');
    expect(fieldsOf(await send('PUT', path, { name: 'x', template: 'blank' }))).toEqual(['template']);
    expect((await send('PUT', '/projects/proj_none', { name: 'x' })).status).toBe(404);
  });

  it('are removed with their deployments, once', async () => {
    const [first] = await list('/projects');
    const [deployment] = await list(`/projects/${first?.id}/deployments`);
    expect(await send('DELETE', `/projects/${first?.id}`)).toMatchObject({ status: 204, text: '' });
    expect((await send('DELETE', `/projects/${first?.id}`)).status).toBe(404);
    expect((await call(upstream, `/deployments/${deployment?.id}`)).status).toBe(404);
  });
});

describe('app platform: deployments that are asked for', () => {
  it('are queued, run, and succeed; another one meanwhile is a 409', async () => {
    const { id } = dataOf(await send('POST', '/projects', { name: 'Shop' }));
    const path = `/projects/${id}/deployments`;
    const made = await send('POST', path);
    expect(made).toMatchObject({
      status: 201,
      body: { data: { project_id: id, status: 'queued', url: null, completed_at: null } },
    });
    expect(await send('POST', path, {})).toMatchObject({
      status: 409,
      body: { error: { code: 'conflict' } },
    });
    minutes(1);
    expect(dataOf(await call(upstream, `/deployments/${dataOf(made).id}`)).status).toBe('running');
    minutes(6);
    expect(dataOf(await call(upstream, `/deployments/${dataOf(made).id}`)).status).toBe('success');
    const next = dataOf(await send('POST', path, { version: '2.0', commit: 'abcdef0' }));
    expect(next).toMatchObject({ version: '2.0', commit: 'abcdef0' });
    expect(dataOf(await call(upstream, `/projects/${id}`))['deployments']).toMatchObject({
      total: 2,
      latest: { id: next.id, status: 'queued' },
    });
  });

  it('are refused of archived and unknown projects, and with unknown fields', async () => {
    const archived = (await list('/projects')).find(({ status }) => status === 'archived');
    expect((await send('POST', `/projects/${archived?.id}/deployments`)).status).toBe(409);
    expect((await send('POST', '/projects/proj_none/deployments')).status).toBe(404);
    const { id } = dataOf(await send('POST', '/projects', { name: 'Shop' }));
    const refused = await send('POST', `/projects/${id}/deployments`, { commit: 'HEAD', branch: 'main' });
    expect([refused.status, fieldsOf(refused)]).toEqual([422, ['commit', 'branch']]);
  });

  it('are cancelled while they are under way, and stay so', async () => {
    const { id } = dataOf(await send('POST', '/projects', { name: 'Shop' }));
    const deployment = dataOf(await send('POST', `/projects/${id}/deployments`));
    minutes(1);
    const cancelled = await send('POST', `/deployments/${deployment.id}/cancel`);
    expect(cancelled).toMatchObject({
      status: 200,
      body: { data: { status: 'cancelled', completed_at: '2026-01-01T00:01:00Z' } },
    });
    minutes(60);
    expect(await send('POST', `/deployments/${deployment.id}/cancel`)).toMatchObject({ status: 409 });
    expect(dataOf(await call(upstream, `/deployments/${deployment.id}`))).toEqual(dataOf(cancelled));
    expect((await send('POST', '/deployments/deploy_none/cancel')).status).toBe(404);
  });
});
