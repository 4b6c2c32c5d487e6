import type { Key } from '@fleetgate/model';
import type { Provider } from '@fleetgate/provider-spec';
import { startUpstream, type Upstream } from '@fleetgate/sandbox';
import { palette } from '../src/index.ts';
import { madeAmong } from '../src/made.ts';
import { changedMetadata, describedBy, newMetadata, replacedMetadata } from '../src/metadata.ts';
import { writes } from '../src/specs.ts';
import { Whole } from '../src/wire.ts';
import { call, plainHost, writing } from './host.ts';

const minute = 60_000;

describe('metadata', () => {
  const known = {
    name: 'shop',
    labels: { env: 'prod', pilot: 'spectro__tag', description: 'by an old tool' },
    annotations: { scope: 'tenant', owner: 'us' },
  };

  it('of a new object holds the stamp, and a tag without a value in the words of Palette', () => {
    expect(
      newMetadata({ name: 'shop', description: 'ours', labels: { env: 'prod', pilot: '' } }, 'fg-1'),
    ).toEqual({
      name: 'shop',
      labels: { env: 'prod', pilot: 'spectro__tag' },
      annotations: { 'fleetgate-write': 'fg-1', description: 'ours' },
    });
  });

  it('is sent back whole, with what the patch names changed and nothing else', () => {
    expect(changedMetadata(known, { labels: { env: null, tier: 'gold' } })).toEqual({
      ...known,
      labels: { pilot: 'spectro__tag', description: 'by an old tool', tier: 'gold' },
    });
    expect(changedMetadata(known, { labels: null })).toEqual({
      ...known,
      labels: { description: 'by an old tool' },
    });
  });

  it('has one description, which a change moves from the tag of old tools to the annotation', () => {
    expect(describedBy(known)).toEqual({ description: 'by an old tool', labels: { env: 'prod', pilot: '' } });
    const changed = changedMetadata(known, { description: 'new' });
    expect(changed).toMatchObject({
      labels: { env: 'prod' },
      annotations: { description: 'new', owner: 'us' },
    });
    expect(describedBy(changed).description).toBe('new');
    expect(describedBy(changedMetadata(changed, { description: null })).description).toBeNull();
    expect(() => changedMetadata(known, { labels: { description: 'sly' } })).toThrow(
      expect.objectContaining({ code: 'invalid', field: 'labels.description' }),
    );
  });

  it('that is replaced keeps what is not ours to say', () => {
    expect(replacedMetadata(known, { name: 'new', labels: { a: '1' } })).toEqual({
      name: 'new',
      labels: { a: '1' },
      annotations: { scope: 'tenant', owner: 'us' },
    });
  });
});

describe('what an attempt has made', () => {
  const begunAt = Date.parse('2026-03-01T10:00:00Z');
  const made = (uid: string, annotations: object, creationTimestamp = '2026-03-01T10:00:02.000Z') =>
    Whole.parse({ metadata: { uid, name: 'shop', annotations, creationTimestamp } });
  const among = (...namesakes: Whole[]) => madeAmong(namesakes, { stamp: 'fg-1', begunAt });

  it('is known by the stamp, whatever else has the name', () => {
    const other = made('1', { 'fleetgate-write': 'fg-2' });
    expect(among(other, made('2', { 'fleetgate-write': 'fg-1' }))).toBe('2');
    expect(among(other, made('3', { scope: 'tenant' }))).toBeUndefined();
  });

  it('cannot be told where the upstream shows no annotations of an object that is new', () => {
    expect(() => among(made('1', {}))).toThrow(expect.objectContaining({ code: 'outcome_unknown' }));
    expect(among(made('1', {}, '2026-02-01T10:00:00.000Z'))).toBeUndefined();
  });
});

describe('the spec of a cluster', () => {
  const fields = (spec: object) =>
    writes.clusters.create.spec
      .safeParse(spec)
      .error?.issues.map((issue) => [...issue.path, issue.code].join('.'));

  it('is that of its cloud, or an import, and not both', () => {
    expect(
      fields({
        cloudAccountUid: 'a',
        cloudConfig: { region: 'r', more: [1] },
        profiles: [{ uid: 'p', x: 1 }],
      }),
    ).toBeUndefined();
    expect(fields({ import: { importMode: 'read-only' } })).toBeUndefined();
    expect(fields({ import: {}, cloudConfig: {} })).toEqual(['cloudConfig.custom']);
  });
});

describe('at an upstream', () => {
  let upstream: Upstream;
  let provider: Provider;
  beforeEach(async () => {
    upstream = await startUpstream('palette', { frozen: true, scale: 60 });
    provider = palette.connect(
      palette.settings.parse({ baseUrl: upstream.baseUrl, apiKey: upstream.credentials['apiKey'] ?? '' }),
      plainHost(() => upstream.control.clock.now()),
    );
  });
  afterEach(() => upstream.close());

  const project = async (): Promise<readonly [string]> => {
    const [uid = ''] = upstream.control.add('project', 1);
    return [uid];
  };
  /** The requests that change something since the last look. */
  const sent = () => {
    const all = upstream.control
      .requests()
      .filter(({ method, path }) => method !== 'GET' && !path.includes('/dashboard/'));
    upstream.control.forget();
    return all;
  };
  const account = { cloudAccountUid: 'account-1' };
  const makeCluster = async (value: object, projectKey?: Key) => {
    const input = { value: { name: 'made', ...value }, ...(projectKey ? { projectKey } : {}) };
    return (await provider.clusters?.create?.(input, writing()))?.key ?? [];
  };
  const appProfile = async (): Promise<string> => {
    const page = await provider.deployments?.list({ limit: 1 }, call);
    const [{ native } = { native: {} }] = page?.items ?? [];
    return (native as { spec: { profile: { metadata: { uid: string } } } }).spec.profile.metadata.uid;
  };

  describe('clusters', () => {
    it.each([
      [{ kind: 'gke', spec: account }, '/v1/spectroclusters/gke'],
      [{ kind: 'nutanix', spec: account }, '/v1/spectroclusters/cloudTypes/nutanix'],
      [
        { kind: 'nested', spec: { clusterConfig: { hostClusterConfig: { clusterGroup: { uid: 'g' } } } } },
        '/v1/spectroclusters/virtual',
      ],
      [{ spec: { import: { importMode: 'read-only' } } }, '/v1/spectroclusters/generic/import'],
      [{ kind: 'eks', spec: { import: {} } }, '/v1/spectroclusters/eks/import'],
    ])('%j goes to %s, with the body as it is', async (value, path) => {
      const key = await makeCluster(value);
      const [request] = sent();
      const { import: imported, ...spec } = value.spec as { import?: object };
      expect(request).toMatchObject({
        method: 'POST',
        path,
        body: { metadata: { name: 'made' }, spec: imported ? { clusterConfig: imported } : spec },
      });
      const record = await provider.clusters?.get({ key }, call);
      expect(record?.status).toBe(imported ? 'provisioning' : 'pending');
      upstream.control.clock.advance(10 * minute);
      expect((await provider.clusters?.get({ key }, call))?.status).toBe('healthy');
    });

    it('go to the scope of their project, or of the tenant, with every request', async () => {
      const home = await project();
      for (const [projectKey, header] of [
        [home, home[0]],
        [undefined, undefined],
      ] as const) {
        const key = await makeCluster({ kind: 'gke', spec: account, name: `in-${header}` }, projectKey);
        expect(key[0]).toBe(header ?? 'tenant');
        await provider.clusters?.patch?.({ key, value: { labels: { a: '1' } } }, writing());
        await provider.clusters?.remove?.({ key }, writing());
        const seen = upstream.control.requests();
        expect(seen.map(({ headers }) => headers['projectuid'])).toEqual(seen.map(() => header));
        upstream.control.forget();
      }
    });

    it('without a cloud, or with a word that is none, are refused by name before anything is sent', async () => {
      for (const value of [{ spec: account }, { kind: '../aws', spec: account }]) {
        await expect(makeCluster(value)).rejects.toMatchObject({ code: 'invalid', field: 'kind' });
      }
      expect(sent()).toEqual([]);
    });

    it('say which field of their body the upstream refused', async () => {
      await expect(makeCluster({ kind: 'gke', spec: {} })).rejects.toMatchObject({
        code: 'invalid',
        details: [{ field: 'spec.cloudAccountUid', message: 'is required' }],
      });
    });

    it('are forced only when they have been on their way for long: first an ordinary removal, then by force', async () => {
      const key = await makeCluster({ kind: 'gke', spec: account });
      upstream.control.clock.advance(10 * minute);
      upstream.control.touch('cluster', key[1] ?? '', { status: { state: 'Error' } });
      const force = () => provider.clusters?.remove?.({ key, force: true }, writing());
      await force();
      upstream.control.touch('cluster', key[1] ?? '', { status: { state: 'Deleting' } });
      await expect(force()).rejects.toMatchObject({ code: 'conflict', upstream: { status: 409 } });
      expect((await provider.clusters?.get({ key }, call))?.status).toBe('deleting');
      upstream.control.clock.advance(15 * minute);
      await force();
      await expect(provider.clusters?.get({ key }, call)).rejects.toMatchObject({ code: 'not_found' });
      expect(
        sent()
          .filter(({ method }) => method === 'DELETE')
          .map(({ query }) => query),
      ).toEqual([{}, { forceDelete: 'true' }, { forceDelete: 'true' }]);
    });

    it('have a kubeconfig once they run: as text, also where Palette encodes it', async () => {
      const key = await makeCluster({ kind: 'gke', spec: account });
      const read = () => provider.clusters?.kubeconfig?.({ key }, call);
      await expect(read()).rejects.toMatchObject({ code: 'conflict', upstream: { status: 404 } });
      upstream.control.clock.advance(10 * minute);
      const plain = await read();
      expect(plain?.text).toContain('kind: Config');
      expect(upstream.control.requests().at(-1)?.query).toEqual({ frp: 'true' });
      const body = Buffer.from(plain?.text ?? '').toString('base64');
      upstream.control.inject({
        match: { path: 'kubeconfig$' },
        fault: { kind: 'status', status: 200, body },
      });
      expect(await read()).toEqual(plain);
      upstream.control.clear();
      upstream.control.inject({ fault: { kind: 'not_json' } });
      await expect(read()).rejects.toMatchObject({ code: 'unexpected' });
    });
  });

  describe('projects', () => {
    it('have members of their own, which a change of names leaves alone', async () => {
      const page = await provider.projects?.list({ limit: 50 }, call);
      const team = page?.items.map((record) => record.team?.id).find((id) => id !== undefined) ?? '';
      const key = await project();
      await provider.projects?.patch?.(
        { key, value: { spec: { teams: [{ teamId: team, roles: ['r'] }] } } },
        writing(),
      );
      await provider.projects?.patch?.({ key, value: { name: 'other', description: 'ours' } }, writing());
      await provider.projects?.replace?.({ key, value: { name: 'third' } }, writing());
      expect(sent().map(({ method, path }) => `${method} ${path.split('/').slice(4).join('/')}`)).toEqual([
        'PUT teams',
        'PUT meta',
        'PUT ',
      ]);
      expect(await provider.projects?.get({ key }, call)).toMatchObject({
        name: 'third',
        description: null,
        team: { id: team },
      });
      await provider.projects?.patch?.({ key, value: { team: null } }, writing());
      expect((await provider.projects?.get({ key }, call))?.team).toBeNull();
      const both = { team, spec: { teams: [] } };
      await expect(provider.projects?.patch?.({ key, value: both }, writing())).rejects.toMatchObject({
        code: 'invalid',
        field: 'team',
      });
    });

    it('that hold something go only with the clean-up, and are told what they hold', async () => {
      const key = await project();
      await makeCluster({ kind: 'gke', spec: account }, key);
      sent();
      await expect(provider.projects?.remove?.({ key }, writing())).rejects.toMatchObject({
        code: 'conflict',
        message: expect.stringContaining('1 clusters'),
      });
      expect(sent().map(({ path }) => path)).toEqual([`/v1/projects/${key[0]}/validate`]);
      await provider.projects?.remove?.({ key, cleanup: true }, writing());
      expect((await provider.projects?.get({ key }, call))?.status).toBe('deleting');
      upstream.control.clock.advance(10 * minute);
      await expect(provider.projects?.get({ key }, call)).rejects.toMatchObject({ code: 'not_found' });
    });
  });

  describe('app deployments', () => {
    it('go to a cluster group with a virtual cluster of their own, and roll out a profile', async () => {
      const projectKey = await project();
      const groups = await provider.clusterGroups?.list({}, call);
      const group = groups?.items.find(({ key }) => key[0] === 'tenant');
      const target = { kind: 'cluster_group' as const, key: group?.key ?? [] };
      const appProfileUid = await appProfile();
      const create = (spec: object) =>
        provider.deployments?.create?.({ projectKey, value: { name: 'shop', target, spec } }, writing());
      await expect(create({ appProfileUid })).rejects.toMatchObject({ field: 'spec.clusterName' });
      const made = await create({ appProfileUid, clusterName: 'virtual-1', clusterLimits: { cpu: 2 } });
      const key = made?.key ?? [];
      expect(sent()).toMatchObject([
        {
          path: '/v1/appDeployments/clusterGroup',
          headers: { projectuid: projectKey[0] },
          body: {
            spec: {
              config: {
                targetSpec: {
                  clusterGroupUid: group?.key[1],
                  clusterName: 'virtual-1',
                  clusterLimits: { cpu: 2 },
                },
              },
            },
          },
        },
      ]);
      expect(await provider.deployments?.get({ key }, call)).toMatchObject({
        status: 'queued',
        target: { name: 'virtual-1' },
      });
      upstream.control.clock.advance(3 * minute);
      await provider.deployments?.patch?.({ key, value: { spec: { appProfileUid } } }, writing());
      upstream.control.clock.advance(minute);
      expect((await provider.deployments?.get({ key }, call))?.status).toBe('running');
      upstream.control.clock.advance(3 * minute);
      expect((await provider.deployments?.get({ key }, call))?.status).toBe('success');
    });

    it('go to a cluster of their own project only', async () => {
      const projectKey = await project();
      const target = { kind: 'cluster' as const, key: ['tenant', 'c'] };
      const value = { name: 'shop', target, spec: { appProfileUid: 'p' } };
      await expect(provider.deployments?.create?.({ projectKey, value }, writing())).rejects.toMatchObject({
        code: 'invalid',
        field: 'target.id',
      });
      expect(sent()).toEqual([]);
    });
  });
});
