import { startUpstream, type Upstream } from '../src/index.ts';
import { call, starter } from './calls.ts';

const { keep, stopAll } = starter();
afterEach(stopAll);

const start = (options: Parameters<typeof startUpstream>[1] = {}): Promise<Upstream> =>
  keep(startUpstream('app-platform', { frozen: true, ...options }));

interface Page {
  data: Record<string, unknown>[];
  pagination: { page: number; limit: number; total: number; pages: number };
}

const read = async (upstream: Upstream, path: string): Promise<Page> => {
  const { status, body, text } = await call(upstream, path);
  if (status !== 200) throw new Error(`${path} answered ${status}: ${text}`);
  return body as Page;
};

const wholeSecond = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

describe('app platform: access', () => {
  it('wants the key as Bearer, except for health', async () => {
    const upstream = await start();
    expect((await call(upstream, '/projects')).status).toBe(200);
    for (const authorization of ['', 'Bearer wrong', `Basic ${upstream.credentials['apiKey']}`]) {
      expect(await call(upstream, '/projects', { headers: { authorization } })).toMatchObject({
        status: 401,
        body: { error: { code: 'unauthorized', message: expect.any(String), details: [] } },
      });
    }
    expect(await call(upstream, '/health', { headers: { authorization: '' } })).toMatchObject({
      status: 200,
      body: { status: 'ok' },
    });
  });

  it('counts requests in X-RateLimit headers on every answer, Reset being a moment in seconds', async () => {
    const upstream = await start();
    const remaining: number[] = [];
    for (const path of ['/projects', '/projects/nope', '/projects?limit=0', '/health']) {
      const { headers } = await call(upstream, path);
      expect(headers.get('x-ratelimit-limit')).toBe('1000000');
      expect(headers.get('x-ratelimit-reset')).toBe(String(Date.UTC(2026, 0, 1, 1) / 1000));
      remaining.push(Number(headers.get('x-ratelimit-remaining')));
    }
    expect(remaining).toEqual([999_999, 999_998, 999_997, 999_996]);
    const unknown = await call(upstream, '/no/such/path');
    expect(unknown).toMatchObject({ status: 404, body: { error: { code: 'not_found' } } });
    expect(unknown.headers.get('x-ratelimit-remaining')).toBe('999996');
    upstream.control.inject({ fault: { kind: 'rate_limited' } });
    expect((await call(upstream, '/projects')).headers.get('x-ratelimit-limit')).toBe('1000000');
    upstream.control.clear();
    upstream.control.clock.advance(3_600_000);
    expect((await call(upstream, '/projects')).headers.get('x-ratelimit-remaining')).toBe('999999');
  });
});

describe('app platform: lists', () => {
  it('page by page and limit, 20 unless told, with total and pages; beyond the end is an empty page', async () => {
    const upstream = await start({ scale: 100 });
    const first = await read(upstream, '/projects');
    expect(first.pagination).toEqual({ page: 1, limit: 20, total: 25, pages: 2 });
    const second = await read(upstream, '/projects?page=2');
    expect(second.data).toHaveLength(5);
    expect(await read(upstream, '/projects?page=3')).toEqual({
      data: [],
      pagination: { page: 3, limit: 20, total: 25, pages: 2 },
    });
    expect((await read(upstream, '/projects?limit=100')).data).toEqual([...first.data, ...second.data]);
  });

  it('refuse page and limit out of range, and other words for status, with 422 that names every field', async () => {
    const upstream = await start();
    for (const [query, fields] of [
      ['limit=101', ['limit']],
      ['limit=0', ['limit']],
      ['page=0', ['page']],
      ['page=x&limit=1e1', ['page', 'limit']],
      ['status=deleted', ['status']],
    ] as const) {
      const { status, body } = await call(upstream, `/projects?${query}`);
      expect([query, status]).toEqual([query, 422]);
      expect(body).toMatchObject({
        error: {
          code: 'validation_error',
          details: fields.map((field) => ({ field, message: expect.any(String) })),
        },
      });
    }
  });

  it('filter projects by status and team', async () => {
    const upstream = await start({ scale: 200 });
    const { data: all } = await read(upstream, '/projects?limit=100');
    const archived = all.filter(({ status }) => status === 'archived');
    expect(archived.length).toBeGreaterThan(0);
    expect((await read(upstream, '/projects?status=archived')).data).toEqual(archived);
    const { data: teams } = await read(upstream, '/teams');
    const id = teams[0]?.['id'];
    const ofTeam = await read(upstream, `/projects?team=${id}&status=active&limit=100`);
    expect(ofTeam.data.length).toBeGreaterThan(0);
    for (const project of ofTeam.data) expect(project).toMatchObject({ status: 'active', team: { id } });
    expect((await read(upstream, '/projects?team=team_none')).pagination).toMatchObject({
      total: 0,
      pages: 0,
    });
  });
});

describe('app platform: objects', () => {
  it('projects say how many deployments they have and which is the latest; some have no team, no description', async () => {
    const upstream = await start();
    const { data } = await read(upstream, '/projects?limit=100');
    for (const project of data) {
      expect(project['id']).toMatch(/^proj_[0-9a-f]{16}$/);
      expect([project['created_at'], project['updated_at']]).toEqual([
        expect.stringMatching(wholeSecond),
        expect.stringMatching(wholeSecond),
      ]);
      expect((await call(upstream, `/projects/${project['id']}`)).body).toEqual({ data: project });
      const deployments = await read(upstream, `/projects/${project['id']}/deployments?limit=100`);
      const [newest] = deployments.data;
      const latest =
        newest === undefined
          ? null
          : { id: newest['id'], status: newest['status'], created_at: newest['created_at'] };
      expect(project['deployments']).toEqual({ total: deployments.pagination.total, latest });
    }
    expect(data.some((project) => !('team' in project))).toBe(true);
    expect(data.some(({ description }) => description === null)).toBe(true);
    expect(data.some(({ deployments }) => (deployments as { total: number }).total === 0)).toBe(true);
  });

  it('deployments come newest first, in five words, and end only when they say when', async () => {
    const upstream = await start({ scale: 400 });
    const seen = new Set<unknown>();
    const fields = new Set<string>();
    let whole = true;
    for (const project of (await read(upstream, '/projects?limit=100')).data) {
      const { data } = await read(upstream, `/projects/${project['id']}/deployments`);
      const times = data.map((row) => String(row['created_at']));
      expect(times).toEqual(times.toSorted().reverse());
      for (const row of data) {
        seen.add(row['status']);
        const ended = ['success', 'failed', 'cancelled'].includes(String(row['status']));
        expect(row['completed_at']).toEqual(ended ? expect.stringMatching(wholeSecond) : null);
        expect(row['url']).toEqual(row['status'] === 'success' ? expect.stringMatching(/^https:\/\//) : null);
        for (const name of ['version', 'commit']) {
          if (name in row) fields.add(name);
          else whole = false;
        }
      }
    }
    expect(seen).toEqual(new Set(['queued', 'running', 'success', 'failed', 'cancelled']));
    expect(fields).toEqual(new Set(['version', 'commit']));
    expect(whole).toBe(false);
  });

  it('a deployment is got by its id alone; unknown ones are 404 in the envelope', async () => {
    const upstream = await start();
    const [project] = (await read(upstream, '/projects')).data;
    const [deployment] = (await read(upstream, `/projects/${project?.['id']}/deployments`)).data;
    expect((await call(upstream, `/deployments/${deployment?.['id']}`)).body).toEqual({ data: deployment });
    for (const path of [
      '/deployments/deploy_0',
      '/projects/proj_0',
      '/projects/proj_0/deployments',
      '/teams/x/members',
    ]) {
      expect(await call(upstream, path)).toMatchObject({
        status: 404,
        body: { error: { code: 'not_found' } },
      });
    }
  });

  it('teams have members with roles, an owner first', async () => {
    const upstream = await start();
    const { data: teams } = await read(upstream, '/teams');
    expect(teams).toHaveLength(2);
    for (const team of teams) {
      const { data: members } = await read(upstream, `/teams/${team['id']}/members`);
      expect(members.length).toBeGreaterThan(1);
      expect(members[0]).toMatchObject({ role: 'owner', email: expect.stringContaining('@') });
    }
  });

  it('a new deployment goes from queued over running to its end', async () => {
    const upstream = await start();
    const [key] = upstream.control.add('deployment', 1);
    const status = async () => {
      const { body } = await call(upstream, `/deployments/${key}`);
      return (body as { data: { status: string } }).data.status;
    };
    expect(await status()).toBe('queued');
    upstream.control.clock.advance(90_000);
    expect(await status()).toBe('running');
    upstream.control.clock.advance(5 * 60_000);
    expect(['success', 'failed', 'cancelled']).toContain(await status());
  });

  it('a removed project is gone with its deployments, and sizes follow', async () => {
    const upstream = await start();
    const { control } = upstream;
    expect([control.size('project'), control.size('deployment'), control.size('cluster')]).toEqual([
      15, 45, 0,
    ]);
    expect(() => control.add('cluster', 1)).toThrow('no cluster');
    const [project] = (await read(upstream, '/projects')).data;
    const id = String(project?.['id']);
    const [deployment] = (await read(upstream, `/projects/${id}/deployments`)).data;
    expect(control.touch('project', id, { name: 'Renamed', team: { name: 'Other' } })).toBe(true);
    expect((await call(upstream, `/projects/${id}`)).body).toMatchObject({
      data: { name: 'Renamed', team: { id: expect.stringMatching(/^team_/), name: 'Other' } },
    });
    expect(control.remove('project', id)).toBe(true);
    expect((await call(upstream, `/projects/${id}`)).status).toBe(404);
    expect((await call(upstream, `/deployments/${deployment?.['id']}`)).status).toBe(404);
    expect([control.size('project'), control.size('deployment')]).toEqual([14, 40]);
  });
});
