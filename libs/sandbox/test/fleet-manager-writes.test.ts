import { startUpstream, type Upstream } from '../src/index.ts';
import { type Answered, call, fleetPage, fleetWalk } from './calls.ts';

const nobody = '00000000-0000-4000-8000-000000000000';
const minute = 60_000;
const manifest = 'type: Application\nversion: "1.0.0"\n';
const application = { name: 'till', sourceType: 'gitops', sourceConfig: manifest, description: 'tills' };

describe('Fleet Manager: changes', () => {
  let upstream: Upstream;
  beforeEach(async () => {
    upstream = await startUpstream('fleet-manager', { frozen: true });
  });
  afterEach(() => upstream.close());

  const send = (method: string, path: string, body?: unknown): Promise<Answered> =>
    call(upstream, path, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
  const idOf = ({ body }: Answered): string => String((body as { id: unknown }).id);
  const groupId = async () => String((await fleetPage(upstream, '/cluster-groups')).items[0]?.['id']);
  const releasesOf = async (id: string) =>
    (await call(upstream, `/deployments/${id}/releases`)).body as Record<string, unknown>[];
  const binding = async (applicationId: string) => ({
    name: 'till-stores',
    applicationId,
    targetGroup: await groupId(),
    applications: [{ id: applicationId, name: 'till', version: '1', strategy: 'manual' }],
  });
  /** An application, bound to a group and not deployed yet. */
  const bound = async (): Promise<{ applicationId: string; id: string }> => {
    const applicationId = idOf(await send('POST', '/deployment-applications', application));
    return { applicationId, id: idOf(await send('POST', '/deployments', await binding(applicationId))) };
  };

  it('make applications, each time another one, replace them and take them away', async () => {
    const first = await send('POST', '/deployment-applications', application);
    expect(first).toMatchObject({
      status: 201,
      body: { ...application, createdAt: '2026-01-01T00:00:00.000Z' },
    });
    expect(first.body).not.toHaveProperty('version');
    const second = await send('POST', '/deployment-applications', { ...application, version: '7' });
    expect(second.body).toMatchObject({ version: '7' });
    expect(idOf(second)).not.toBe(idOf(first));
    const path = `/deployment-applications/${idOf(first)}`;
    upstream.control.clock.advance(minute);
    const put = await send('PUT', path, { ...application, name: 'tills' });
    expect(put).toMatchObject({
      status: 200,
      body: { name: 'tills', createdAt: '2026-01-01T00:00:00.000Z', updatedAt: '2026-01-01T00:01:00.000Z' },
    });
    expect((await fleetWalk(upstream, '/deployment-applications')).at(-2)).toEqual(put.body);
    expect(await send('DELETE', path)).toMatchObject({ status: 204, text: '' });
    for (const [method, body] of [['GET'], ['DELETE'], ['PUT', application]] as const) {
      expect(await send(method, path, body)).toMatchObject({
        status: 500,
        text: '{"statusCode":500,"message":"Internal server error"}',
      });
    }
  });

  it('complain about every field at once, in the words of class-validator', async () => {
    expect(
      await send('POST', '/deployment-applications', { name: '', sourceType: 'git', version: 1 }),
    ).toMatchObject({
      status: 400,
      body: {
        statusCode: 400,
        message: [
          'version must be a string',
          'name should not be empty',
          'sourceConfig should not be empty',
          'sourceConfig must be a string',
          'sourceType must be one of the following values: gitops, editor, api',
        ],
        error: 'Bad Request',
      },
    });
    expect((await send('POST', '/deployments', { name: 'x', applicationId: 'y' })).body).toMatchObject({
      message: [
        'applicationId must be a UUID',
        'targetGroup must be a UUID',
        'applications should not be empty',
      ],
    });
    const applicationId = idOf(await send('POST', '/deployment-applications', application));
    const body = await binding(applicationId);
    expect((await send('POST', '/deployments', { ...body, targetGroup: nobody })).body).toMatchObject({
      message: ['targetGroup must be an existing cluster group'],
    });
    const bare = { ...body, applications: [{ id: applicationId }] };
    expect((await send('POST', '/deployments', bare)).body).toMatchObject({
      message: [
        'applications.0.strategy must be one of the following values: manual',
        'applications.0.name must be a string',
        'applications.0.version must be a string',
      ],
    });
    const gone = { ...body, applicationId: nobody };
    expect((await send('POST', '/deployments', gone)).status).toBe(500);
  });

  it('bind an application to a group: by targetGroup as clients do, by clusterGroupId as the notes say', async () => {
    const applicationId = idOf(await send('POST', '/deployment-applications', application));
    const body = await binding(applicationId);
    const made = await send('POST', '/deployments', body);
    expect(made).toMatchObject({ status: 201, body: { ...body, status: 'Created' } });
    expect((await call(upstream, `/deployments/${idOf(made)}`)).body).toEqual(made.body);
    const notes = { name: 'n', applicationId, clusterGroupId: body.targetGroup, applicationVersion: '3' };
    const other = await send('PUT', `/deployments/${idOf(made)}`, notes);
    expect(other).toMatchObject({
      status: 200,
      body: { ...notes, applications: [{ id: applicationId, name: 'till' }] },
    });
    expect(other.body).not.toHaveProperty('targetGroup');
    expect((await send('PUT', `/deployments/${nobody}`, body)).status).toBe(404);
  });

  it('deploy: a release goes from Created over Pending and Running to Success, and is alone while it does', async () => {
    const { id } = await bound();
    expect(await releasesOf(id)).toEqual([]);
    const deployed = await send('POST', `/deployments/${id}/deploy`);
    expect(deployed).toMatchObject({ status: 201, body: { deploymentId: id, status: 'Created' } });
    const words: unknown[] = [];
    for (const wait of [0, 30_000, 30_000, 6 * minute]) {
      upstream.control.clock.advance(wait);
      const busy = await send('POST', `/deployments/${id}/deploy`);
      const [release, ...more] = await releasesOf(id);
      words.push(release?.['status']);
      if (release?.['status'] === 'Success') {
        expect([busy.status, more]).toEqual([201, [busy.body]]);
      } else {
        expect([busy.status, busy.body, more]).toEqual([
          409,
          { statusCode: 409, message: 'Deployment is already running', error: 'Conflict' },
          [],
        ]);
      }
    }
    expect(words).toEqual(['Created', 'Pending', 'Running', 'Success']);
    expect((await send('POST', `/deployments/${nobody}/deploy`)).status).toBe(404);
  });

  it('deploy a busy deployment too, where then nothing else begins by itself', async () => {
    const deployments = await fleetWalk(upstream, '/deployments');
    const idle = deployments.find(({ status }) => status === 'Success');
    const id = String(idle?.['id']);
    const before = await releasesOf(id);
    const made = await send('POST', `/deployments/${id}/deploy`);
    upstream.control.clock.advance(60 * minute);
    const after = await releasesOf(id);
    expect(after.map((release) => release['id'])).toEqual([...before.map((one) => one['id']), idOf(made)]);
    expect(after.at(-1)).toMatchObject({ status: 'Success' });
  });

  it('refuse to take away what runs, and an application that is still bound', async () => {
    const { id, applicationId } = await bound();
    await send('POST', `/deployments/${id}/deploy`);
    expect(await send('DELETE', `/deployments/${id}`)).toMatchObject({
      status: 409,
      body: { message: 'Deployment is running', error: 'Conflict' },
    });
    upstream.control.clock.advance(10 * minute);
    const application = `/deployment-applications/${applicationId}`;
    expect(await send('DELETE', application)).toMatchObject({
      status: 409,
      body: { message: 'Application has active deployments' },
    });
    expect((await send('DELETE', `/deployments/${id}`)).status).toBe(204);
    expect((await send('DELETE', `/deployments/${id}`)).status).toBe(404);
    expect((await fleetPage(upstream, `/deployment-releases?deploymentId=${id}`)).meta.total).toBe(0);
    expect((await send('DELETE', application)).status).toBe(204);
  });

  it('answer 500 to a deploy whose application is gone: a bad state', async () => {
    const { id, applicationId } = await bound();
    upstream.control.remove('project', applicationId);
    expect((await send('POST', `/deployments/${id}/deploy`)).status).toBe(500);
    expect(await releasesOf(id)).toEqual([]);
  });

  it('overwrite the tags of a cluster, which is answered as a page', async () => {
    const [cluster] = (await fleetPage(upstream, '/clusters')).items;
    const path = `/clusters/${cluster?.['id']}`;
    expect(await send('POST', `${path}/tags`, { tags: 'foo, bar:baz' })).toMatchObject({
      status: 201,
      body: { meta: { total: 1 }, items: [{ id: cluster?.['id'], tags: 'foo, bar:baz' }] },
    });
    expect((await call(upstream, path)).body).toMatchObject({ tags: 'foo, bar:baz' });
    expect((await send('POST', `${path}/tags`, {})).body).toMatchObject({
      message: ['tags must be a string'],
    });
    expect((await send('POST', `/clusters/${nobody}/tags`, { tags: '' })).status).toBe(404);
  });

  it('need the key as well', async () => {
    const refused = await call(upstream, `/deployment-applications/${nobody}`, {
      method: 'DELETE',
      headers: { 'api-key': 'wrong' },
    });
    expect(refused.status).toBe(500);
  });
});
