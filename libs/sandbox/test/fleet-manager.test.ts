import { startUpstream, type Upstream } from '../src/index.ts';
import { call, fleetPage, fleetWalk, starter } from './calls.ts';

const { keep, stopAll } = starter();
afterEach(stopAll);

const start = (options: Parameters<typeof startUpstream>[1] = {}): Promise<Upstream> =>
  keep(startUpstream('fleet-manager', { frozen: true, ...options }));

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const nobody = '00000000-0000-4000-8000-000000000000';
const words = (rows: Record<string, unknown>[], field: string): Set<unknown> =>
  new Set(rows.map((row) => row[field]));

describe('Fleet Manager: credentials', () => {
  it('takes the key in the header api-key, and in Authorization: Bearer as the older notes say', async () => {
    const upstream = await start();
    const { apiKey } = upstream.credentials;
    expect((await call(upstream, '/clusters')).status).toBe(200);
    const bearer = await call(upstream, '/clusters', {
      headers: { 'api-key': '', authorization: `Bearer ${apiKey}` },
    });
    expect(bearer.status).toBe(200);
    expect(upstream.control.requests()[1]?.headers['authorization']).toBe(`Bearer ${apiKey}`);
  });

  it('answers 500 without an `error` member, not 401, to a missing or wrong key', async () => {
    const upstream = await start();
    const refused: Record<string, string>[] = [
      { 'api-key': '' },
      { 'api-key': 'wrong' },
      { 'api-key': '', authorization: 'Bearer wrong' },
    ];
    for (const headers of refused) {
      expect(await call(upstream, '/clusters', { headers })).toMatchObject({
        status: 500,
        text: '{"statusCode":500,"message":"Internal server error"}',
      });
    }
  });

  it('keeps its static key when sessions are expired', async () => {
    const upstream = await start();
    upstream.control.expireSessions();
    expect((await call(upstream, '/clusters')).status).toBe(200);
  });
});

describe('Fleet Manager: lists', () => {
  it('pages by offset and limit, 20 unless told, with meta and no next link', async () => {
    const upstream = await start();
    const first = await fleetPage(upstream, '/clusters');
    expect(Object.keys(first)).toEqual(['meta', 'items']);
    expect(first.meta).toEqual({ offset: 0, limit: 20, total: 24 });
    expect(first.items).toHaveLength(20);
    const rest = await fleetPage(upstream, '/clusters?offset=20');
    expect(rest.items).toHaveLength(4);
    expect(await fleetPage(upstream, '/clusters?offset=24')).toEqual({
      meta: { offset: 24, limit: 20, total: 24 },
      items: [],
    });
    expect(await fleetWalk(upstream, '/clusters', 7)).toEqual([...first.items, ...rest.items]);
  });

  it('refuses limits outside 1..200 and what is no number with 400 and a message array', async () => {
    const upstream = await start();
    expect((await call(upstream, '/clusters?limit=200')).status).toBe(200);
    for (const [query, message] of [
      ['limit=201', ['limit must not be greater than 200']],
      ['limit=0', ['limit must not be less than 1']],
      ['offset=-1', ['offset must not be less than 0']],
      ['limit=2.5', ['limit must be an integer number']],
      ['limit=201&offset=-1', ['offset must not be less than 0', 'limit must not be greater than 200']],
    ] as const) {
      expect(await call(upstream, `/deployments?${query}`)).toMatchObject({
        status: 400,
        body: { statusCode: 400, message, error: 'Bad Request' },
      });
    }
    expect(await call(upstream, '/clusters?limit=x')).toMatchObject({
      status: 400,
      body: { statusCode: 400 },
    });
  });

  it('finds one by query=id:=<uuid>, and names by any other text', async () => {
    const upstream = await start();
    const all = await fleetWalk(upstream, '/clusters');
    const [wanted] = all;
    expect((await fleetPage(upstream, `/clusters?query=id:=${wanted?.['id']}`)).items).toEqual([wanted]);
    expect((await fleetPage(upstream, `/clusters?query=id:=${nobody}`)).meta.total).toBe(0);
    const stores = all.filter(({ name }) => String(name).startsWith('store-'));
    expect((await fleetPage(upstream, '/clusters?query=STORE-&limit=200')).items).toEqual(stores);
  });

  it('answers Nest bodies for paths and methods it does not have, GET /health among them', async () => {
    const upstream = await start();
    expect((await call(upstream, '/health')).body).toEqual({
      statusCode: 404,
      message: 'Cannot GET /api/v2/health',
      error: 'Not Found',
    });
    expect(await call(upstream, '/clusters?x=1', { method: 'DELETE' })).toMatchObject({
      status: 404,
      body: { message: 'Cannot DELETE /api/v2/clusters?x=1' },
    });
  });

  it('looks like Express: says so, and answers 304 to its weak ETag', async () => {
    const upstream = await start();
    const { headers } = await call(upstream, '/cluster-groups');
    expect(headers.get('x-powered-by')).toBe('Express');
    const etag = headers.get('etag') ?? '';
    expect(etag).toMatch(/^W\/".+"$/);
    const again = await call(upstream, '/cluster-groups', { headers: { 'if-none-match': etag } });
    expect([again.status, again.text]).toEqual([304, '']);
  });
});

describe('Fleet Manager: clusters', () => {
  it('are the same in the list and alone, and 404 when unknown', async () => {
    const upstream = await start();
    for (const cluster of (await fleetPage(upstream, '/clusters?limit=5')).items) {
      expect(cluster['id']).toMatch(uuid);
      expect((await call(upstream, `/clusters/${cluster['id']}`)).body).toEqual(cluster);
    }
    expect(await call(upstream, `/clusters/${nobody}`)).toMatchObject({
      status: 404,
      body: { statusCode: 404 },
    });
    expect((await call(upstream, '/clusters/not-a-uuid')).status).toBe(404);
  });

  it('use the words of the enums, tags as one comma text, and leave nearly everything null or out somewhere', async () => {
    const upstream = await start({ scale: 1000 });
    const all = await fleetWalk(upstream, '/clusters');
    expect(words(all, 'onlineStatus')).toEqual(new Set(['online', 'offline', null, undefined]));
    expect(words(all, 'healthState')).toEqual(
      new Set([
        'healthy',
        'disconnected',
        'connecting',
        'critical',
        'warning',
        'notice',
        'info',
        null,
        undefined,
      ]),
    );
    expect(words(all, 'version')).toContain(null);
    expect(words(all, 'tags')).toContain(null);
    expect(all.find(({ tags }) => typeof tags === 'string')?.['tags']).toMatch(/^\w+, [\w-]+, \w+$/);
    const bare = all.filter((cluster) => Object.keys(cluster).length === 4);
    expect(bare.length).toBeGreaterThan(10);
    expect(Object.keys(bare[0] ?? {}).sort()).toEqual(['createdAt', 'id', 'name', 'updatedAt']);
  });

  it('stay in the list with deletedAt when deleted: one in about fifty, and those that are removed', async () => {
    const upstream = await start({ scale: 1000 });
    const deleted = async () =>
      (await fleetWalk(upstream, '/clusters')).filter(({ deletedAt }) => typeof deletedAt === 'string');
    const before = await deleted();
    expect(before).toHaveLength(8); // of 400
    expect(upstream.control.size('cluster')).toBe(392);
    const living = (await fleetPage(upstream, '/clusters')).items[0]?.['id'];
    expect(upstream.control.remove('cluster', String(living))).toBe(true);
    expect(upstream.control.remove('cluster', String(living))).toBe(false);
    expect((await deleted()).map(({ id }) => id)).toEqual([living, ...before.map(({ id }) => id)]);
    expect(upstream.control.size('cluster')).toBe(391);
    upstream.control.touch('cluster', String(living), { deletedAt: null });
    expect(upstream.control.size('cluster')).toBe(392);
  });
});

describe('Fleet Manager: applications', () => {
  it('carry their manifest in the list too, and a version only where a client sent one', async () => {
    const upstream = await start();
    const all = await fleetWalk(upstream, '/deployment-applications');
    expect(all).toHaveLength(9);
    for (const application of all) expect(application['sourceConfig']).toContain('type: Application');
    expect(words(all, 'version')).toEqual(new Set(['1', undefined]));
    expect(words(all, 'description')).toContain(null);
    const [first] = all;
    expect((await call(upstream, `/deployment-applications/${first?.['id']}`)).body).toEqual(first);
  });

  it('answer 500 when unknown or deleted, while their deployments stay', async () => {
    const upstream = await start();
    const [deployment] = (await fleetPage(upstream, '/deployments')).items;
    const id = String(deployment?.['applicationId']);
    expect(upstream.control.remove('project', id)).toBe(true);
    for (const gone of [id, nobody]) {
      expect(await call(upstream, `/deployment-applications/${gone}`)).toMatchObject({
        status: 500,
        body: { statusCode: 500, message: 'Internal server error' },
      });
    }
    expect((await fleetPage(upstream, '/deployment-applications')).meta.total).toBe(8);
    expect((await call(upstream, `/deployments/${deployment?.['id']}`)).body).toEqual(deployment);
  });
});

describe('Fleet Manager: deployments and releases', () => {
  it('bind an application object to a group, named in targetGroup, sometimes elsewhere, sometimes nowhere', async () => {
    const upstream = await start({ scale: 400 });
    const all = await fleetWalk(upstream, '/deployments');
    const groups = words(await fleetWalk(upstream, '/cluster-groups'), 'id');
    const shapes = { targetGroup: 0, clusterGroupId: 0, cluster: 0, nothing: 0 };
    for (const row of all) {
      expect(row['applications']).toEqual([{ id: row['applicationId'], name: expect.any(String) }]);
      if (typeof row['targetGroup'] === 'string') {
        expect(groups).toContain(row['targetGroup']);
        shapes.targetGroup += 1;
      } else if (typeof row['clusterGroupId'] === 'string') shapes.clusterGroupId += 1;
      else if (row['cluster'] !== undefined) shapes.cluster += 1;
      else shapes.nothing += 1;
    }
    for (const count of Object.values(shapes)) expect(count).toBeGreaterThan(0);
    expect((await call(upstream, `/deployments/${nobody}`)).status).toBe(404);
  });

  it('list the releases of one deployment as a bare array, oldest first, and as a page, newest first', async () => {
    const upstream = await start();
    let total = 0;
    for (const deployment of await fleetWalk(upstream, '/deployments')) {
      const { body } = await call(upstream, `/deployments/${deployment['id']}/releases`);
      const bare = body as Record<string, unknown>[];
      expect(Array.isArray(bare)).toBe(true);
      const times = bare.map(({ createdAt }) => String(createdAt));
      expect(times).toEqual(times.toSorted());
      expect(await fleetWalk(upstream, `/deployment-releases?deploymentId=${deployment['id']}`)).toEqual(
        bare.toReversed(),
      );
      expect(deployment['status']).toBe(bare.at(-1)?.['status'] ?? 'Created');
      for (const release of bare) expect(release['deploymentId']).toBe(deployment['id']);
      total += bare.length;
    }
    expect(total).toBe(16);
    expect((await fleetPage(upstream, '/deployment-releases')).meta.total).toBe(16);
    expect((await fleetPage(upstream, `/deployment-releases?deploymentId=${nobody}`)).meta.total).toBe(0);
    expect((await call(upstream, `/deployments/${nobody}/releases`)).status).toBe(404);
  });

  it('speak Created, Pending, Running, Success, Failed, and sometimes in lower case', async () => {
    const small = words(await fleetWalk(await start(), '/deployment-releases'), 'status');
    for (const word of ['Created', 'Pending', 'Running', 'Success']) expect(small).toContain(word);
    const large = words(await fleetWalk(await start({ scale: 1000 }), '/deployment-releases'), 'status');
    expect(large).toEqual(
      new Set(['Created', 'Pending', 'Running', 'Success', 'Failed', 'failed', 'cancelled']),
    );
  });

  it('give the jobs of a release as a bare array of statuses', async () => {
    const upstream = await start();
    for (const release of await fleetWalk(upstream, '/deployment-releases')) {
      const { status, body } = await call(upstream, `/deployment-releases/${release['id']}/jobs`);
      expect(status).toBe(200);
      for (const job of body as unknown[]) expect(job).toEqual({ status: expect.any(String) });
    }
    expect((await call(upstream, `/deployment-releases/${nobody}/jobs`)).status).toBe(404);
  });

  it('keep a release reachable under its id while newer ones push it back, until it is forgotten', async () => {
    const upstream = await start();
    const [deployment] = (await fleetPage(upstream, '/deployments')).items;
    const read = async () =>
      (await call(upstream, `/deployments/${deployment?.['id']}/releases`)).body as Record<string, unknown>[];
    const before = await read();
    upstream.control.clock.advance(20 * 60_000);
    const after = await read();
    expect(after).toHaveLength(before.length);
    const kept = after.filter(({ id }) => before.some((release) => release['id'] === id));
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.length).toBeLessThan(before.length);
    expect((await call(upstream, `/deployment-releases/${before[0]?.['id']}/jobs`)).status).toBe(404);
    expect((await call(upstream, `/deployment-releases/${kept[0]?.['id']}/jobs`)).status).toBe(200);
  });

  it('can be added, touched and removed, and what was touched stays as it was put', async () => {
    const upstream = await start();
    const { control } = upstream;
    const [deployment] = (await fleetPage(upstream, '/deployments')).items;
    const id = String(deployment?.['id']);
    const [release] = control.add('release', 1);
    expect(control.size('release')).toBe(17);
    expect(await fleetPage(upstream, `/deployment-releases?deploymentId=${id}&limit=1`)).toMatchObject({
      items: [{ id: release, status: 'Created' }],
    });
    control.clock.advance(10 * 60_000);
    control.touch('release', release ?? '', { status: 'Exploded' });
    control.clock.advance(3 * 3_600_000);
    const { body } = await call(upstream, `/deployments/${id}/releases`);
    expect((body as Record<string, unknown>[]).find((row) => row['id'] === release)).toMatchObject({
      status: 'Exploded',
    });

    const count = (body as unknown[]).length;
    expect(control.remove('deployment', id)).toBe(true);
    expect(control.size('release')).toBe(17 - count);
    expect((await call(upstream, `/deployments/${id}`)).status).toBe(404);
    expect(
      (await fleetWalk(upstream, '/deployment-releases')).some((row) => row['deploymentId'] === id),
    ).toBe(false);

    const [group] = control.add('cluster_group', 1);
    expect((await fleetWalk(upstream, '/cluster-groups')).at(-1)?.['id']).toBe(group);
    const [made] = control.add('deployment', 1);
    expect((await call(upstream, `/deployments/${made}`)).body).toMatchObject({ status: 'Created' });
  });
});
