import { startUpstream, type Upstream } from '../src/index.ts';

interface Json {
  [name: string]: unknown;
}
interface Reply {
  status: number;
  headers: Headers;
  body: Json;
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

describe('writes of Palette', () => {
  let upstream: Upstream;
  beforeAll(async () => {
    upstream = await startUpstream('palette', { scale: 200, frozen: true });
  });
  afterEach(() => upstream.control.clear());
  afterAll(() => upstream.close());

  const advance = (ms: number): void => upstream.control.clock.advance(ms);

  async function call(method: string, path: string, body?: unknown, project?: string): Promise<Reply> {
    const answer = await fetch(upstream.origin + path, {
      method,
      headers: {
        ApiKey: upstream.credentials['apiKey'] ?? '',
        ...(project === undefined ? {} : { ProjectUid: project }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, body: text === '' ? {} : JSON.parse(text) };
  }

  async function create(path: string, body: unknown, project?: string): Promise<string> {
    const answer = await call('POST', path, body, project);
    expect([answer.status, Object.keys(answer.body)]).toEqual([201, ['uid']]);
    expect(answer.headers.get('audituid')).not.toBeNull();
    return String(answer.body['uid']);
  }

  const cluster = (name: string, spec: Json = {}) => ({
    metadata: { name, labels: { env: 'test', pilot: 'spectro__tag' }, annotations: { owner: 'us' } },
    spec: {
      cloudAccountUid: 'account-1',
      cloudConfig: { region: 'eu-west-1' },
      machinepoolconfig: [{ poolConfig: { name: 'workers', size: 4 } }],
      ...spec,
    },
  });
  const stateOf = async (uid: string, project?: string): Promise<unknown> => {
    const answer = await call('GET', `/v1/spectroclusters/${uid}/status`, undefined, project);
    return answer.status === 200 ? (answer.body['status'] as Json)['state'] : answer.status;
  };
  const project = (name: string) => create('/v1/projects', { metadata: { name }, spec: {} });

  describe('of projects', () => {
    it('make one, which every read shows', async () => {
      const body = {
        metadata: { name: 'made', labels: { env: 'test' }, annotations: { description: 'ours' } },
      };
      const uid = await create('/v1/projects', body);
      const whole = await call('GET', `/v1/projects/${uid}`);
      expect(whole.body).toMatchObject({
        metadata: { uid, ...body.metadata, annotations: { description: 'ours', scope: 'tenant' } },
        spec: { teams: [], users: [] },
        status: { isDisabled: false, cleanUpStatus: { state: '' } },
      });
      const listed = await call('POST', '/v1/dashboard/projects', { filter: { name: { eq: 'made' } } });
      expect(listed.body['items']).toMatchObject([{ metadata: { uid, labels: { env: 'test' } } }]);
    });

    it('refuse a name that is taken or missing, and say which field', async () => {
      const taken = await call('POST', '/v1/projects', { metadata: { name: 'Default' } });
      expect([taken.status, taken.body['code']]).toEqual([409, 'ProjectAlreadyExists']);
      const missing = await call('POST', '/v1/projects', { metadata: { labels: {} } });
      expect([missing.status, missing.body['details']]).toEqual([400, { 'metadata.name': 'is required' }]);
      const wrong = await call('POST', '/v1/projects', { metadata: { name: 'x', labels: { a: 1 } } });
      expect(wrong.body['details']).toEqual({ 'metadata.labels': 'must be texts by name' });
    });

    it('replace it, its names, or its members', async () => {
      const listed = await call('POST', '/v1/dashboard/projects', {});
      const seeded = (listed.body['items'] as { specSummary: { teams: { uid: string }[] } }[]).find(
        ({ specSummary }) => specSummary.teams.length > 0,
      );
      const teamId = seeded?.specSummary.teams[0]?.uid ?? '';
      const uid = await project('before');
      const read = async (): Promise<Json> => (await call('GET', `/v1/projects/${uid}`)).body;
      const put = async (path: string, body: unknown): Promise<void> => {
        expect((await call('PUT', `/v1/projects/${uid}${path}`, body)).status).toBe(204);
      };
      advance(minute);
      await put('', {
        metadata: { name: 'after', labels: { a: '1' } },
        spec: { teams: [{ teamId, roles: [] }] },
      });
      expect(await read()).toMatchObject({
        metadata: { name: 'after', labels: { a: '1' } },
        spec: { teams: [{ uid: teamId }] },
      });
      await put('/meta', { name: 'renamed', labels: {} });
      expect(await read()).toMatchObject({
        metadata: { name: 'renamed', labels: {} },
        spec: { teams: [{ uid: teamId }] },
      });
      await put('/teams', { teams: [] });
      await put('/users', { users: [{ userId: 'user-1', roles: [] }] });
      expect((await read())['spec']).toMatchObject({ teams: [], users: [{ uid: 'user-1' }] });
      const nobody = { teams: [{ teamId: 'nobody', roles: [] }] };
      expect((await call('PUT', `/v1/projects/${uid}/teams`, nobody)).status).toBe(404);
      const [metadata] = [(await read())['metadata'] as Json];
      expect(metadata['lastModifiedTimestamp']).not.toBe(metadata['creationTimestamp']);
    });

    it('delete an empty one at once, and one that holds something only with the clean-up', async () => {
      const empty = await project('empty');
      expect((await call('DELETE', `/v1/projects/${empty}`)).status).toBe(204);
      expect((await call('GET', `/v1/projects/${empty}`)).status).toBe(404);
      const full = await project('full');
      const held = await create('/v1/spectroclusters/aws', cluster('held'), full);
      const told = await call('DELETE', `/v1/projects/${full}/validate`);
      expect(told.body).toMatchObject({ clusters: { count: 1 }, appDeployments: { count: 0 } });
      const refused = await call('DELETE', `/v1/projects/${full}`);
      expect([refused.status, refused.body['code']]).toEqual([409, 'ResourceInUse']);
      expect((await call('DELETE', `/v1/projects/${full}?cleanupProjectResources=true`)).status).toBe(204);
      expect((await call('GET', `/v1/projects/${full}`)).body['status']).toMatchObject({
        cleanUpStatus: { state: 'InProgress' },
      });
      expect(await stateOf(held, full)).toBe('Deleting');
      expect((await call('POST', '/v1/spectroclusters/aws', cluster('late'), full)).status).toBe(409);
      advance(4 * minute);
      expect((await call('GET', `/v1/projects/${full}`)).status).toBe(404);
    });
  });

  describe('of clusters', () => {
    it('make one of any cloud, which comes up within minutes', async () => {
      const uid = await create('/v1/spectroclusters/aws', cluster('fresh'));
      const overview = async (): Promise<Json> =>
        (await call('GET', `/v1/dashboard/spectroclusters/${uid}`)).body;
      expect(await overview()).toMatchObject({
        metadata: {
          name: 'fresh',
          labels: { env: 'test', pilot: 'spectro__tag' },
          annotations: { owner: 'us', scope: 'tenant' },
        },
        specSummary: { cloudConfig: { cloudType: 'aws', machinePools: [{ name: 'workers', size: 4 }] } },
        status: { state: 'Pending' },
      });
      const kubeconfig = () => call('GET', `/v1/spectroclusters/${uid}/assets/kubeconfig?frp=true`);
      expect((await kubeconfig()).body['code']).toBe('ResourceNotFound');
      advance(minute);
      expect(await stateOf(uid)).toBe('Provisioning');
      advance(5 * minute);
      expect((await overview())['status']).toMatchObject({ state: 'Running', health: { state: 'Healthy' } });
      for (const cloud of ['edge-native', 'gke', 'cloudTypes/nutanix']) {
        await create(`/v1/spectroclusters/${cloud}`, cluster(`c-${cloud.split('/').at(-1)}`));
      }
      expect((await call('POST', '/v1/spectroclusters/cloudTypes/moon', cluster('x'))).status).toBe(404);
      expect((await call('POST', '/v1/spectroclusters/moon', cluster('x'))).status).toBe(404);
    });

    it('make one in the scope that the header names, where alone it is found', async () => {
      const home = await project('home');
      const uid = await create('/v1/spectroclusters/gcp', cluster('scoped'), home);
      expect(await stateOf(uid, home)).toBe('Pending');
      expect(await stateOf(uid)).toBe(404);
      const again = await call('POST', '/v1/spectroclusters/gcp', cluster('scoped'), home);
      expect([again.status, again.body['code']]).toEqual([409, 'ClusterAlreadyExists']);
    });

    it('refuse a body without what its cloud needs, and say which field', async () => {
      const post = async (cloud: string, body: unknown): Promise<unknown> => {
        const answer = await call('POST', `/v1/spectroclusters/${cloud}`, body);
        expect(answer.status).toBe(400);
        return Object.keys(answer.body['details'] as Json);
      };
      expect(await post('gke', { metadata: { name: 'x' } })).toEqual(['spec']);
      expect(await post('gke', { metadata: { name: 'x' }, spec: {} })).toEqual(['spec.cloudAccountUid']);
      expect(await post('aws', cluster('x', { cloudConfig: {} }))).toEqual(['spec.cloudConfig.region']);
      expect(await post('virtual', cluster('x'))).toEqual(['spec.clusterConfig.hostClusterConfig']);
    });

    it('import one, which waits for its agent', async () => {
      const body = { metadata: { name: 'old' }, spec: { clusterConfig: { importMode: 'read-only' } } };
      const uid = await create('/v1/spectroclusters/generic/import', body);
      const read = async (): Promise<Json> => (await call('GET', `/v1/spectroclusters/${uid}`)).body;
      expect(await read()).toMatchObject({
        spec: { clusterType: 'AlloyMonitor' },
        status: { state: 'Importing', clusterImport: { state: 'Pending', importLink: expect.any(String) } },
      });
      advance(3 * minute);
      expect((await read())['status']).toMatchObject({
        state: 'Running',
        clusterImport: { isBrownfield: true },
      });
    });

    it('change names, tags and annotations, and never where it belongs', async () => {
      const listed = await call('POST', '/v1/dashboard/spectroclusters/search?limit=50', {});
      const seeded = (listed.body['items'] as { metadata: { uid: string; annotations: Json } }[]).find(
        ({ metadata }) => metadata.annotations['scope'] === 'tenant',
      );
      const uid = seeded?.metadata.uid ?? '';
      const metadata = {
        name: 'other',
        labels: { only: 'this' },
        annotations: { scope: 'project', note: 'n' },
      };
      expect((await call('PATCH', `/v1/spectroclusters/${uid}/metadata`, { metadata })).status).toBe(204);
      expect((await call('GET', `/v1/spectroclusters/${uid}`)).body['metadata']).toMatchObject({
        name: 'other',
        labels: { only: 'this' },
        annotations: { scope: 'tenant', note: 'n' },
      });
      const nameless = await call('PATCH', `/v1/spectroclusters/${uid}/metadata`, { metadata: {} });
      expect(nameless.status).toBe(400);
    });

    it('delete one slowly: Deleting, then Deleted for 72 hours', async () => {
      const uid = await create('/v1/spectroclusters/aks', cluster('doomed'));
      advance(10 * minute);
      const size = upstream.control.size('cluster');
      expect((await call('DELETE', `/v1/spectroclusters/${uid}`)).status).toBe(204);
      expect((await call('DELETE', `/v1/spectroclusters/${uid}`)).status).toBe(204);
      expect(await stateOf(uid)).toBe('Deleting');
      expect(upstream.control.size('cluster')).toBe(size);
      advance(4 * minute);
      expect(await stateOf(uid)).toBe('Deleted');
      expect(upstream.control.size('cluster')).toBe(size - 1);
      expect((await call('DELETE', `/v1/spectroclusters/${uid}`)).status).toBe(404);
      advance(72 * hour);
      expect(await stateOf(uid)).toBe(404);
    });

    it('delete by force only one that has been Deleting for 15 minutes', async () => {
      const uid = await create('/v1/spectroclusters/aks', cluster('stubborn'));
      advance(10 * minute);
      upstream.control.touch('cluster', uid, { status: { state: 'Error' } });
      const force = () => call('DELETE', `/v1/spectroclusters/${uid}?forceDelete=true`);
      expect((await force()).status).toBe(409);
      expect((await call('DELETE', `/v1/spectroclusters/${uid}`)).status).toBe(204);
      advance(14 * minute);
      const early = await force();
      expect([early.status, early.body['code']]).toEqual([409, 'ResourceConflict']);
      advance(minute);
      expect((await force()).status).toBe(204);
      expect(await stateOf(uid)).toBe('Deleted');
    });
  });

  describe('of app deployments', () => {
    async function seededProfiles(): Promise<string[]> {
      const listed = await call('POST', '/v1/dashboard/appDeployments?limit=50', {});
      const apps = listed.body['appDeployments'] as { spec: { profile: { metadata: { uid: string } } } }[];
      return [...new Set(apps.map(({ spec }) => spec.profile.metadata.uid))];
    }
    const body = (name: string, targetSpec: Json, appProfileUid = '') => ({
      metadata: { name, labels: { env: 'test' } },
      spec: { config: { targetSpec }, profile: { appProfileUid } },
    });
    const read = async (uid: string, home: string): Promise<Json> =>
      (await call('GET', `/v1/appDeployments/${uid}`, undefined, home)).body;

    it('make one on a cluster, roll out another profile, and delete it', async () => {
      const [first = '', other = ''] = await seededProfiles();
      const home = await project('apps');
      const clusterUid = await create('/v1/spectroclusters/eks', cluster('host'), home);
      const uid = await create('/v1/appDeployments', body('shop', { clusterUid }, first), home);
      expect(await read(uid, home)).toMatchObject({
        metadata: { name: 'shop', labels: { env: 'test' }, annotations: { projectUid: home } },
        spec: {
          config: { target: { clusterRef: { uid: clusterUid, deploymentClusterType: 'host' } } },
          profile: { metadata: { uid: first } },
        },
        status: { state: 'Pending', appTiers: [] },
      });
      advance(3 * minute);
      expect((await read(uid, home))['status']).toMatchObject({ state: 'Deployed' });
      const change = { appProfileUid: other };
      expect((await call('PUT', `/v1/appDeployments/${uid}/profile`, change, home)).status).toBe(204);
      advance(minute);
      expect(await read(uid, home)).toMatchObject({
        spec: { profile: { metadata: { uid: other } } },
        status: { state: 'Updating' },
      });
      advance(3 * minute);
      expect((await read(uid, home))['status']).toMatchObject({ state: 'Deployed' });
      expect((await call('DELETE', `/v1/appDeployments/${uid}`, undefined, home)).status).toBe(204);
      expect((await call('GET', `/v1/appDeployments/${uid}`, undefined, home)).status).toBe(404);
    });

    it('make one on a cluster group, with a virtual cluster of its own', async () => {
      const [profile = ''] = await seededProfiles();
      const home = await project('group-apps');
      const groups = await call('GET', '/v1/clustergroups/hostCluster/metadata');
      const clusterGroupUid = (groups.body['items'] as { uid: string }[])[0]?.uid ?? '';
      const target = { clusterGroupUid, clusterName: 'virtual-1', clusterLimits: { cpu: 2 } };
      const uid = await create('/v1/appDeployments/clusterGroup', body('grouped', target, profile), home);
      const { clusterRef } = ((await read(uid, home))['spec'] as { config: { target: { clusterRef: Json } } })
        .config.target;
      expect(clusterRef).toMatchObject({ deploymentClusterType: 'virtual', name: 'virtual-1' });
      expect(await stateOf(String(clusterRef['uid']), home)).toBe('Pending');
    });

    it('refuse what is not there, a taken name, and the scope of the tenant', async () => {
      const [profile = ''] = await seededProfiles();
      const home = await project('refusals');
      const clusterUid = await create('/v1/spectroclusters/eks', cluster('host'), home);
      const post = async (targetSpec: Json, appProfileUid: string, scope?: string): Promise<unknown[]> => {
        const answer = await call(
          'POST',
          '/v1/appDeployments',
          body('one', targetSpec, appProfileUid),
          scope,
        );
        return [answer.status, answer.body['code']];
      };
      expect(await post({ clusterUid: 'nowhere' }, profile, home)).toEqual([404, 'ResourceNotFound']);
      expect(await post({ clusterUid }, 'nothing', home)).toEqual([404, 'ResourceNotFound']);
      expect(await post({}, profile, home)).toEqual([400, 'InvalidRequest']);
      expect(await post({ clusterUid }, profile)).toEqual([400, 'InvalidRequest']);
      expect((await post({ clusterUid }, profile, home))[0]).toBe(201);
      expect(await post({ clusterUid }, profile, home)).toEqual([409, 'AppDeploymentAlreadyExists']);
    });
  });
});
