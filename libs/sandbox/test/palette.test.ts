import { startUpstream, type Upstream } from '../src/index.ts';

const hour = 60 * 60 * 1000;
const scale = 400;

interface Json {
  [name: string]: unknown;
}
interface Reply {
  status: number;
  headers: Headers;
  // The tests look into answers of many shapes; each asserts what it reads.
  body: Json;
}
interface Item {
  metadata: { name: string; uid: string; annotations: Record<string, string>; deletionTimestamp: string };
  specSummary: { projectMeta: { uid: string; name: string } | null; cloudConfig: { cloudType: string } };
  status: Json & { state: string; health?: { state: string } };
}
interface Page {
  items: Item[];
  listmeta: { continue: string; count: number; limit: number; offset: number };
}

const isDeleted = (value: boolean): Json => ({
  property: 'isDeleted',
  type: 'bool',
  condition: { bool: { value } },
});
const environment = (operator: string, word: string): Json => ({
  property: 'environment',
  type: 'string',
  condition: { string: { operator, negation: false, match: { conjunction: 'or', values: [word] } } },
});
const filtered = (...filters: Json[]): Json => ({
  filter: { conjunction: 'and', filterGroups: [{ conjunction: 'and', filters }] },
});

describe('Palette', () => {
  let upstream: Upstream;

  beforeAll(async () => {
    upstream = await startUpstream('palette', { scale, frozen: true, now: () => Date.UTC(2026, 5, 1) });
  });
  afterEach(() => upstream.control.clear());
  afterAll(() => upstream.close());

  async function call(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: unknown,
  ): Promise<Reply> {
    const answer = await fetch(upstream.origin + path, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Json };
  }

  const key = (): Record<string, string> => ({ ApiKey: upstream.credentials['apiKey'] ?? '' });
  const inProject = (uid: string): Record<string, string> => ({ ...key(), ProjectUid: uid });

  async function login(): Promise<string> {
    const { emailId, password, org } = upstream.credentials;
    const answer = await call(
      'POST',
      '/v1/auth/authenticate?setCookie=false',
      {},
      { emailId, password, org },
    );
    expect(answer.status).toBe(200);
    return String(answer.body['Authorization']);
  }

  async function search(query: string, body: Json = {}, headers = key()): Promise<Page> {
    const answer = await call('POST', `/v1/dashboard/spectroclusters/search${query}`, headers, body);
    expect(answer.status).toBe(200);
    return answer.body as unknown as Page;
  }

  async function walk(body: Json, headers = key()): Promise<Item[]> {
    const found: Item[] = [];
    for (let next = ''; ; ) {
      const page = await search(`?limit=50&continue=${encodeURIComponent(next)}`, body, headers);
      found.push(...page.items);
      next = page.listmeta.continue;
      if (next === '') return found;
    }
  }

  async function projectUids(): Promise<string[]> {
    const answer = await call('GET', '/v1/dashboard/projects/metadata', key());
    return (answer.body['items'] as { metadata: { uid: string } }[]).map(({ metadata }) => metadata.uid);
  }

  describe('authentication', () => {
    it('answers a login with a token, isMfa and a cookie unless asked not to', async () => {
      const { emailId, password } = upstream.credentials;
      const answer = await call('POST', '/v1/auth/authenticate', {}, { emailId, password });
      expect(answer.body).toEqual({
        Authorization: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/),
        isMfa: false,
      });
      expect(answer.headers.get('set-cookie')).toContain('Authorization=');
      const silent = await call('POST', '/v1/auth/authenticate?setCookie=false', {}, { emailId, password });
      expect(silent.headers.get('set-cookie')).toBeNull();
    });

    it('takes the token raw and refuses it behind Bearer', async () => {
      const token = await login();
      expect((await call('GET', '/v1/dashboard/projects/metadata', { Authorization: token })).status).toBe(
        200,
      );
      const refused = await call('GET', '/v1/dashboard/projects/metadata', {
        Authorization: `Bearer ${token}`,
      });
      expect(refused.status).toBe(401);
      expect(Object.keys(refused.body).sort()).toEqual(['code', 'details', 'message', 'ref']);
    });

    it('ends a token after 15 minutes, and refreshes only one that lives', async () => {
      const token = await login();
      upstream.control.clock.advance(14 * 60_000);
      const fresh = await call('GET', `/v1/auth/refresh/${token}`, {});
      expect(fresh.status).toBe(200);
      upstream.control.clock.advance(60_000);
      expect((await call('GET', '/v1/projects', { Authorization: token })).status).toBe(401);
      expect((await call('GET', `/v1/auth/refresh/${token}`, {})).status).toBe(401);
      const later = { Authorization: String(fresh.body['Authorization']) };
      expect((await call('GET', '/v1/projects', later)).status).toBe(200);
    });

    it('refuses wrong credentials, no credentials, a wrong key, and tokens that were called off', async () => {
      const wrong = { emailId: upstream.credentials['emailId'], password: 'no' };
      expect((await call('POST', '/v1/auth/authenticate', {}, wrong)).status).toBe(401);
      expect((await call('POST', '/v1/auth/authenticate', {}, {})).status).toBe(400);
      expect((await call('GET', '/v1/projects', {})).status).toBe(401);
      expect((await call('GET', '/v1/projects', { ApiKey: 'no' })).status).toBe(401);
      const token = await login();
      upstream.control.expireSessions();
      expect((await call('GET', '/v1/projects', { Authorization: token })).status).toBe(401);
      expect((await call('GET', '/v1/projects', key())).status).toBe(200);
    });
  });

  describe('scope', () => {
    it('answers an unknown project with 404 ProjectNotFoundInTenant, by header or query', async () => {
      const byHeader = await call('GET', '/v1/projects', inProject('0123456789abcdef01234567'));
      expect(byHeader.status).toBe(404);
      expect(byHeader.body).toMatchObject({
        code: 'ProjectNotFoundInTenant',
        details: {},
        ref: expect.any(String),
      });
      expect((await call('GET', '/v1/projects?ProjectUid=no', key())).status).toBe(404);
    });

    it('shows in the tenant scope the clusters of all projects too, so that adding them up counts double', async () => {
      const everywhere = await walk(filtered(isDeleted(false)));
      expect(everywhere).toHaveLength(upstream.control.size('cluster'));
      const perProject: Item[] = [];
      for (const uid of await projectUids())
        perProject.push(...(await walk(filtered(isDeleted(false)), inProject(uid))));
      const scopes = everywhere.map(({ metadata }) => metadata.annotations['scope']);
      const tenant = scopes.filter((scope) => scope === 'tenant').length;
      expect(tenant).toBe(Math.round(scale * 0.06));
      expect(perProject).toHaveLength(everywhere.length - tenant);
      expect(new Set(everywhere.map(({ metadata }) => metadata.uid)).size).toBe(everywhere.length);
      expect(perProject.every(({ metadata }) => metadata.annotations['scope'] === 'project')).toBe(true);
    });

    it('answers /meta as a bare array of the scope alone', async () => {
      const tenant = await call('GET', '/v1/dashboard/spectroclusters/meta', key());
      const rows = tenant.body as unknown as Item[];
      expect(Array.isArray(rows)).toBe(true);
      expect(rows.every(({ metadata }) => metadata.annotations['scope'] === 'tenant')).toBe(true);
      const [project = ''] = await projectUids();
      const own = (await call('GET', '/v1/dashboard/spectroclusters/meta', inProject(project)))
        .body as unknown as Item[];
      expect(own.every(({ metadata }) => metadata.annotations['projectUid'] === project)).toBe(true);
    });

    it('reads one cluster only in its own scope', async () => {
      const rows = await walk(filtered(isDeleted(false)));
      const inside = rows.find(({ specSummary }) => specSummary.projectMeta !== null) as Item;
      const path = `/v1/spectroclusters/${inside.metadata.uid}`;
      expect((await call('GET', path, key())).body).toMatchObject({ code: 'ResourceNotFound' });
      const project = inside.specSummary.projectMeta?.uid ?? '';
      expect((await call('GET', path, inProject(project))).body).toMatchObject({
        apiVersion: 'v1',
        metadata: { uid: inside.metadata.uid },
        spec: { clusterType: 'PureManage' },
      });
      expect((await call('GET', `${path}?ProjectUid=${project}`, key())).status).toBe(200);
    });
  });

  describe('paging', () => {
    it('refuses a limit over 50 and what is no number', async () => {
      for (const query of ['limit=51', 'limit=x', 'offset=-1', 'continue=bm8=']) {
        expect((await call('POST', `/v1/dashboard/projects?${query}`, key(), {})).status).toBe(400);
      }
    });

    it('gives a base64 JSON token until the end, where it is empty; count is the total, limit what came', async () => {
      const { listmeta } = await search('?limit=30');
      expect(listmeta).toMatchObject({ limit: 30, offset: 30 });
      expect(JSON.parse(Buffer.from(listmeta.continue, 'base64').toString())).toEqual({
        offset: 30,
        count: listmeta.count,
        token: '',
      });
      const last = await search(`?limit=50&offset=${listmeta.count - 7}`);
      expect(last.listmeta).toEqual({
        continue: '',
        count: listmeta.count,
        limit: 7,
        offset: listmeta.count,
      });
    });

    it('ignores a continue in the body', async () => {
      const first = await search('?limit=5');
      const again = await search('?limit=5', { continue: first.listmeta.continue });
      expect(again.items).toEqual(first.items);
    });

    it('answers two walks byte for byte alike while the clock stands', async () => {
      expect(await walk({})).toEqual(await walk({}));
    });

    it('lets one row slip through by page_drift, and never ends under standing_cursor', async () => {
      const whole = await walk({});
      upstream.control.inject({ fault: { kind: 'page_drift' }, match: { path: '/search$' } });
      expect((await walk({})).length).toBeLessThan(whole.length);
      upstream.control.clear();
      upstream.control.inject({ fault: { kind: 'standing_cursor' }, match: { path: '/search$' } });
      const first = await search('?limit=50');
      const second = await search(`?limit=50&continue=${encodeURIComponent(first.listmeta.continue)}`);
      expect(second.items).toEqual(first.items);
      expect(second.listmeta.continue).not.toBe('');
    });
  });

  describe('projects', () => {
    it('lists them with limit and offset in the query, a name filter and a sort in the body', async () => {
      const all = await call('POST', '/v1/dashboard/projects?limit=50', key(), {});
      expect(all.body['listmeta']).toMatchObject({ count: scale / 10, limit: 40, continue: '' });
      const some = await call('POST', '/v1/dashboard/projects', key(), {
        filter: { name: { contains: 'DEFAULT' } },
      });
      expect((some.body['items'] as Item[]).map(({ metadata }) => metadata.name)).toEqual(['Default']);
      const sorted = await call('POST', '/v1/dashboard/projects', key(), {
        sort: [{ field: 'name', order: 'desc' }],
      });
      const names = (sorted.body['items'] as Item[]).map(({ metadata }) => metadata.name);
      expect(names).toEqual([...names].sort().reverse());
      expect((await call('POST', '/v1/dashboard/projects', key(), { sort: [{ field: 'no' }] })).status).toBe(
        400,
      );
    });

    it('reads one in full', async () => {
      const [uid = ''] = await projectUids();
      const answer = await call('GET', `/v1/projects/${uid}`, key());
      expect(answer.body).toMatchObject({
        metadata: { uid, name: 'Default', deletionTimestamp: '0001-01-01T00:00:00.000Z' },
        spec: { alerts: [], users: [] },
        status: { isDisabled: false, cleanUpStatus: { state: '' } },
      });
      expect((await call('GET', '/v1/projects/ffffffffffffffffffffffff', key())).body).toMatchObject({
        code: 'ResourceNotFound',
      });
    });
  });

  describe('clusters', () => {
    it('have every state word, Unknown too, and a few have no health', async () => {
      const rows = await walk({});
      expect(new Set(rows.map(({ status }) => status.state))).toEqual(
        new Set([
          'Pending',
          'Provisioning',
          'Running',
          'Deleting',
          'Deleted',
          'Error',
          'Importing',
          'Unknown',
        ]),
      );
      const running = rows.filter(({ status }) => status.state === 'Running');
      expect(new Set(running.map(({ status }) => status.health?.state))).toEqual(
        new Set(['Healthy', 'UnHealthy', undefined]),
      );
      expect(rows.every(({ metadata }) => /^[0-9a-f]{24}$/.test(metadata.uid))).toBe(true);
    });

    it('show the Kubernetes version and the health in full only in the overview', async () => {
      const rows = await walk(filtered(isDeleted(false)));
      const one = rows.find(
        ({ metadata, status }) =>
          metadata.annotations['scope'] === 'tenant' && status.health?.state === 'Healthy',
      ) as Item;
      expect(one.status.health).toEqual({ state: 'Healthy' });
      expect(one.status['kubeMeta']).toBeUndefined();
      const { uid } = one.metadata;
      const full = (await call('GET', `/v1/spectroclusters/${uid}`, key())).body['status'] as Json;
      expect(full['health']).toBeUndefined();
      expect((await call('GET', `/v1/spectroclusters/${uid}/status`, key())).body).toEqual({
        status: { state: 'Running' },
      });
      for (const path of ['', '/overview']) {
        const overview = await call('GET', `/v1/dashboard/spectroclusters/${uid}${path}`, key());
        expect(overview.body['status']).toMatchObject({
          health: { state: 'Healthy', lastHeartBeatTimestamp: expect.any(String), agentVersion: '4.9.22' },
          kubeMeta: { kubernetesVersion: expect.stringMatching(/^1\.\d+\.\d+$/), hasKubeConfig: true },
        });
      }
    });

    it('filter by environment: nested ones are virtual and have a lifecycle', async () => {
      const nested = await walk(filtered(isDeleted(false), environment('eq', 'nested')));
      const others = await walk(filtered(isDeleted(false), environment('neq', 'nested')));
      expect(nested.length).toBeGreaterThan(0);
      expect(nested.length + others.length).toBe(upstream.control.size('cluster'));
      expect(nested.every(({ specSummary }) => specSummary.cloudConfig.cloudType === 'nested')).toBe(true);
      const words = new Set(
        nested.map(
          ({ status }) => (status['virtual'] as { lifecycleStatus: Json }).lifecycleStatus['status'],
        ),
      );
      expect(words).toContain('Running');
      expect(words).toContain('Paused');
      expect(others.every(({ status }) => status['virtual'] === undefined)).toBe(true);
      const aws = await walk(filtered(environment('eq', 'aws')));
      expect(aws.length).toBeGreaterThan(0);
      expect(aws.every(({ specSummary }) => specSummary.cloudConfig.cloudType === 'aws')).toBe(true);
    });

    it('refuse a filter that nobody knows', async () => {
      const path = '/v1/dashboard/spectroclusters/search';
      const bad = filtered({ property: 'colour', type: 'string', condition: { string: { operator: 'eq' } } });
      expect((await call('POST', path, key(), bad)).status).toBe(400);
      expect((await call('POST', path, key(), { sort: [{ field: 'colour' }] })).status).toBe(400);
    });

    it('stay for 72 hours after they were deleted, with state Deleted, and only then vanish', async () => {
      const before = (await walk(filtered(isDeleted(false)))).find(
        ({ metadata }) => metadata.annotations['scope'] === 'tenant',
      );
      const uid = before?.metadata.uid ?? '';
      const size = upstream.control.size('cluster');
      const seeded = (await walk(filtered(isDeleted(true)))).map(({ metadata }) => metadata.uid);
      expect(seeded.length).toBeGreaterThan(0);
      expect(upstream.control.remove('cluster', uid)).toBe(true);
      expect(upstream.control.size('cluster')).toBe(size - 1);
      const listed = await walk(filtered(isDeleted(true)));
      expect(listed.map(({ metadata }) => metadata.uid)).toContain(uid);
      upstream.control.clock.advance(71 * hour);
      const kept = await call('GET', `/v1/spectroclusters/${uid}`, key());
      expect(kept.status).toBe(200);
      expect(kept.body['status']).toMatchObject({ state: 'Deleted' });
      upstream.control.clock.advance(hour);
      expect((await call('GET', `/v1/spectroclusters/${uid}`, key())).status).toBe(404);
      const after = (await walk(filtered(isDeleted(true)))).map(({ metadata }) => metadata.uid);
      expect(after).not.toContain(uid);
      expect(after.filter((one) => seeded.includes(one))).toEqual([]);
    });

    it('fall ill and recover as the clock goes on, and new ones come up', async () => {
      const [uid = ''] = upstream.control.add('cluster', 1);
      const state = async (): Promise<string | undefined> =>
        (await walk({})).find(({ metadata }) => metadata.uid === uid)?.status.state;
      expect(await state()).toBe('Pending');
      const ill = async (): Promise<string[]> =>
        (await walk({})).flatMap(({ metadata, status }) =>
          status.health?.state === 'UnHealthy' ? [metadata.uid] : [],
        );
      const before = await ill();
      upstream.control.clock.advance(60_000);
      expect(await state()).toBe('Provisioning');
      upstream.control.clock.advance(15 * 60_000);
      expect(await state()).toBe('Running');
      const after = await ill();
      expect(before.some((one) => !after.includes(one))).toBe(true);
      expect(after.some((one) => !before.includes(one))).toBe(true);
    });

    it('take a change from outside in every form', async () => {
      const [row] = await walk(filtered(isDeleted(false)));
      const uid = row?.metadata.uid ?? '';
      expect(upstream.control.touch('cluster', uid, { name: 'renamed', status: { state: 'Error' } })).toBe(
        true,
      );
      expect((await call('GET', `/v1/spectroclusters/${uid}`, key())).body).toMatchObject({
        metadata: { name: 'renamed' },
        status: { state: 'Error' },
      });
      const named = filtered({
        property: 'clusterName',
        type: 'string',
        condition: { string: { operator: 'eq', match: { values: ['renamed'] } } },
      });
      expect(await walk(named)).toHaveLength(1);
    });

    it('give a kubeconfig as bytes', async () => {
      const rows = await walk(filtered(isDeleted(false)));
      const one = rows.find(
        ({ metadata, status }) => metadata.annotations['scope'] === 'tenant' && status.state === 'Running',
      );
      const path = `/v1/spectroclusters/${one?.metadata.uid}/assets/kubeconfig?frp=true`;
      const answer = await fetch(upstream.origin + path, { headers: key() });
      expect(answer.headers.get('content-type')).toContain('octet-stream');
      expect(await answer.text()).toContain('kind: Config');
    });
  });

  describe('app deployments', () => {
    interface Deployment {
      metadata: { uid: string; annotations: Record<string, string> };
      spec: {
        config: { target: { clusterRef: { uid: string } } };
        profile: { metadata: { version: string } };
      };
      status: {
        state: string;
        appTiers?: { condition: { type: string } }[];
        lifecycleStatus?: { status: string };
      };
    }

    async function list(headers = key()): Promise<Deployment[]> {
      const found: Deployment[] = [];
      for (let next = ''; ; ) {
        const answer = await call(
          'POST',
          `/v1/dashboard/appDeployments?limit=50&continue=${encodeURIComponent(next)}`,
          headers,
          {},
        );
        expect(Object.keys(answer.body)).toEqual(['appDeployments', 'listmeta']);
        found.push(...(answer.body['appDeployments'] as Deployment[]));
        next = (answer.body['listmeta'] as Page['listmeta']).continue;
        if (next === '') return found;
      }
    }

    const read = async ({ metadata }: Deployment): Promise<Deployment> => {
      const headers = inProject(metadata.annotations['projectUid'] ?? '');
      const answer = await call('GET', `/v1/appDeployments/${metadata.uid}`, headers);
      expect(answer.status).toBe(200);
      return answer.body as unknown as Deployment;
    };

    it('come under appDeployments, without tiers, and each in one project', async () => {
      const rows = await list();
      expect(rows).toHaveLength(scale * 0.3);
      expect(rows[0]?.status.appTiers).toBeUndefined();
      const perProject: Deployment[] = [];
      for (const uid of await projectUids()) perProject.push(...(await list(inProject(uid))));
      expect(perProject).toHaveLength(rows.length);
      const states = new Set(rows.map(({ status }) => status.state));
      for (const state of states) expect(['Pending', 'Deploying', 'Deployed', 'Updating']).toContain(state);
    });

    it('tell a failure only by a tier of type Error, and a pause by lifecycleStatus', async () => {
      const whole: Deployment[] = [];
      for (const row of await list()) whole.push(await read(row));
      const failed = whole.filter(({ status }) =>
        status.appTiers?.some(({ condition }) => condition.type === 'Error'),
      );
      expect(failed.length).toBeGreaterThan(0);
      expect(failed.every(({ status }) => ['Deploying', 'Updating'].includes(status.state))).toBe(true);
      const pauses = new Set(whole.flatMap(({ status }) => status.lifecycleStatus?.status ?? []));
      expect(pauses).toContain('Paused');
    });

    it('go Pending, Deploying, then Deployed or failed', async () => {
      const keys = upstream.control.add('deployment', 12);
      const states = async (): Promise<string[]> =>
        (await list())
          .filter(({ metadata }) => keys.includes(metadata.uid))
          .map(({ status }) => status.state);
      expect(new Set(await states())).toEqual(new Set(['Pending']));
      upstream.control.clock.advance(30_000);
      expect(new Set(await states())).toEqual(new Set(['Deploying']));
      upstream.control.clock.advance(5 * 60_000);
      expect(await states()).toContain('Deployed');
    });

    it('name a cluster that is there', async () => {
      const all = new Set((await walk({})).map(({ metadata }) => metadata.uid));
      for (const { spec } of await list()) expect(all).toContain(spec.config.target.clusterRef.uid);
    });
  });

  it('lists host cluster groups per scope, a project also those of the tenant, each with clusters of its own scope', async () => {
    interface Group {
      metadata: { name: string; uid: string; annotations: Record<string, string> };
      scope: string;
      spec: { clusterRefs: { clusterUid: string; clusterName: string }[] };
    }
    const path = '/v1/clustergroups/hostCluster/metadata';
    const found = new Map<string, string>();
    for (const headers of [key(), ...(await projectUids()).map(inProject)]) {
      for (const { metadata, scope } of (await call('GET', path, headers)).body['items'] as Group[]) {
        if (headers['ProjectUid'] === undefined) expect(scope).toBe('tenant');
        found.set(metadata.uid, scope);
        const group = (await call('GET', `/v1/clustergroups/${metadata.uid}`, headers))
          .body as unknown as Group;
        expect(group).toMatchObject({ kind: 'hostClusterGroup', metadata });
        expect(group.spec.clusterRefs.length).toBeGreaterThan(0);
        if (scope === 'tenant' && headers['ProjectUid'] !== undefined) continue;
        for (const { clusterUid } of group.spec.clusterRefs) {
          expect((await call('GET', `/v1/spectroclusters/${clusterUid}`, headers)).status).toBe(200);
        }
      }
    }
    expect(found.size).toBe(upstream.control.size('cluster_group'));
    expect(new Set(found.values())).toEqual(new Set(['tenant', 'project']));
    expect((await call('GET', '/v1/clustergroups/ffffffffffffffffffffffff', key())).status).toBe(404);
  });

  it('speaks its own error body for unknown paths, bad JSON and injected faults', async () => {
    const unknown = await call('GET', '/v1/nothing', key());
    expect([unknown.status, Object.keys(unknown.body).sort()]).toEqual([
      404,
      ['code', 'details', 'message', 'ref'],
    ]);
    const answer = await fetch(`${upstream.origin}/v1/dashboard/projects`, {
      method: 'POST',
      headers: { ...key(), 'content-type': 'application/json' },
      body: '{',
    });
    expect([answer.status, Object.keys((await answer.json()) as Json).sort()]).toEqual([
      400,
      ['code', 'details', 'message', 'ref'],
    ]);
    upstream.control.inject({ fault: { kind: 'rate_limited', retryAfterSeconds: 3 }, times: 1 });
    const limited = await call('GET', '/v1/projects', key());
    expect([limited.status, limited.body['code'], limited.headers.get('retry-after')]).toEqual([
      429,
      'TooManyRequests',
      '3',
    ]);
  });

  it.each([10, 100_000])('answers a page anywhere at scale %i', async (size) => {
    const other = await startUpstream('palette', { scale: size, frozen: true });
    try {
      const total = other.control.size('cluster');
      const path = `/v1/dashboard/spectroclusters/search?limit=50&offset=${Math.max(0, total - 5)}`;
      const answer = await fetch(other.origin + path, {
        method: 'POST',
        headers: { ApiKey: other.credentials['apiKey'] ?? '', 'content-type': 'application/json' },
        body: JSON.stringify(filtered(isDeleted(false))),
      });
      const page = (await answer.json()) as Page;
      expect(page.items).toHaveLength(Math.min(5, total));
      expect(page.listmeta.count).toBe(total);
      expect(total).toBe(Math.round(size * 0.6));
    } finally {
      await other.close();
    }
  });
});
