import { startUpstream, type Upstream } from '../src/index.ts';

interface Deployment {
  name: string;
  cluster: string;
  phase: string;
  message?: string;
  completedAt?: string;
  replicas: { desired: number; ready: number };
}

describe('KubeStellar toolkit', () => {
  let upstream: Upstream;

  beforeEach(async () => {
    upstream = await startUpstream('kubestellar-toolkit', {
      scale: 240,
      frozen: true,
      now: () => Date.UTC(2026, 5, 1),
    });
  });
  afterEach(() => upstream.close());

  async function call(
    path: string,
    token = upstream.credentials['token'],
  ): Promise<{ status: number; body: unknown }> {
    const headers: Record<string, string> = token === '' ? {} : { authorization: `Bearer ${token}` };
    const answer = await fetch(upstream.baseUrl + path, { headers });
    return { status: answer.status, body: await answer.json() };
  }

  async function list(query = ''): Promise<Deployment[]> {
    const { status, body } = await call(`/clusterdeploymentstatuses${query}`);
    expect(status).toBe(200);
    return (body as { items: Deployment[] }).items;
  }

  const failure = { error: { code: expect.any(String), message: expect.any(String) } };

  it('has its base under /api/v1alpha1 and answers one whole list, whatever the query says', async () => {
    expect(upstream.baseUrl).toBe(`${upstream.origin}/api/v1alpha1`);
    const all = await list();
    expect(all).toHaveLength(240);
    expect(await list('?limit=3&page=2&phase=Failed')).toEqual(all);
    expect(new Set(all.map(({ name }) => name)).size).toBe(240);
  });

  it('wants its bearer token', async () => {
    for (const token of ['', 'no']) {
      expect(await call('/clusterdeploymentstatuses', token)).toEqual({ status: 401, body: failure });
    }
  });

  it('reads no single object, and knows no other path', async () => {
    const [first] = await list();
    expect(await call(`/clusterdeploymentstatuses/${first?.name}`)).toEqual({ status: 405, body: failure });
    expect(await call('/clusters')).toEqual({ status: 404, body: failure });
  });

  it('names an eighth as many clusters as it has objects', async () => {
    expect(new Set((await list()).map(({ cluster }) => cluster)).size).toBe(30);
    expect(upstream.control.size('cluster')).toBe(30);
  });

  it('has every phase in the course of time, and a word that nobody documents', async () => {
    const seen = new Set<string>();
    for (let step = 0; step < 40; step += 1) {
      for (const { phase } of await list()) seen.add(phase);
      upstream.control.clock.advance(5 * 60_000);
    }
    expect(seen).toEqual(
      new Set(['Pending', 'Deploying', 'Running', 'Succeeded', 'Failed', 'Deleting', 'Suspended']),
    );
  });

  it('takes a new object from Pending to an end, and tells when it was reached', async () => {
    const [key] = upstream.control.add('deployment', 1);
    const find = async (): Promise<Deployment | undefined> => (await list()).find(({ name }) => name === key);
    expect(await find()).toMatchObject({ phase: 'Pending', replicas: { ready: 0 } });
    upstream.control.clock.advance(30_000);
    expect((await find())?.phase).toBe('Deploying');
    upstream.control.clock.advance(6 * 60_000);
    const ended = await find();
    expect(['Running', 'Succeeded', 'Failed']).toContain(ended?.phase);
    expect(Date.parse(ended?.completedAt ?? '')).toBeLessThanOrEqual(upstream.control.clock.now());
  });

  it('drops what is removed and shows what is changed', async () => {
    const [first, second] = (await list()).map(({ name }) => name);
    expect(upstream.control.remove('deployment', first ?? '')).toBe(true);
    expect(upstream.control.touch('deployment', second ?? '', { phase: 'Failed', message: 'by hand' })).toBe(
      true,
    );
    const after = await list();
    expect(after.some(({ name }) => name === first)).toBe(false);
    expect(after.find(({ name }) => name === second)).toMatchObject({ phase: 'Failed', message: 'by hand' });
    expect(upstream.control.size('deployment')).toBe(239);
  });

  it('answers the same bytes twice while the clock stands', async () => {
    expect(await list()).toEqual(await list());
  });

  it('speaks its own error body when a fault is injected', async () => {
    upstream.control.inject({ fault: { kind: 'rate_limited' }, times: 1 });
    expect(await call('/clusterdeploymentstatuses')).toEqual({ status: 429, body: failure });
    upstream.control.inject({ fault: { kind: 'expired_token' }, times: 1 });
    expect(await call('/clusterdeploymentstatuses')).toEqual({ status: 401, body: failure });
  });
});
