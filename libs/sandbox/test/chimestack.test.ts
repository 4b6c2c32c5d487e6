import { startUpstream, type Upstream } from '../src/index.ts';

const hour = 60 * 60 * 1000;

interface Json {
  [name: string]: unknown;
}
interface Reply {
  status: number;
  body: { requestId?: string; error?: unknown; result?: unknown };
}
interface List {
  elements: Json[];
  size: number;
  total: number;
}

describe('ChimeStack', () => {
  let upstream: Upstream;
  let token: string;

  beforeEach(async () => {
    upstream = await startUpstream('chimestack', {
      scale: 600,
      frozen: true,
      now: () => Date.UTC(2026, 5, 1),
    });
    token = await login();
  });
  afterEach(() => upstream.close());

  async function call(method: string, path: string, bearer?: string, body?: unknown): Promise<Reply> {
    const answer = await fetch(upstream.origin + path, {
      method,
      headers: {
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as Reply['body'] };
  }

  async function login(): Promise<string> {
    const { userName, password } = upstream.credentials;
    const { body } = await call('POST', '/v1/login', undefined, { user_name: userName, password });
    return (body.result as { user: { uuid: string } }).user.uuid;
  }

  async function list(path: string): Promise<List> {
    const answer = await call('GET', path, token);
    expect(answer.status).toBe(200);
    return answer.body.result as List;
  }

  async function clusters(): Promise<{ path: string; cluster: Json }[]> {
    const zones = await list('/v1/az?size=100');
    const found: { path: string; cluster: Json }[] = [];
    for (const zone of zones.elements) {
      const page = await list(`/v1/az/${zone['uuid']}/cluster?size=100`);
      for (const cluster of page.elements) {
        found.push({ path: `/v1/az/${zone['uuid']}/cluster/${cluster['uuid']}`, cluster });
      }
    }
    return found;
  }

  describe('sessions', () => {
    it('answer a login with a token that is result.user.uuid, for exactly 12 hours, in +08:00 and nanoseconds', async () => {
      const { userName, password } = upstream.credentials;
      const { status, body } = await call('POST', '/v1/login', undefined, { user_name: userName, password });
      expect(status).toBe(200);
      expect(body.error).toBeNull();
      const { user } = body.result as { user: Record<string, string> };
      expect(user['uuid']).not.toBe(user['user_uuid']);
      expect(user['created_at']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}\+08:00$/);
      expect(Date.parse(user['expired_at'] ?? '') - Date.parse(user['created_at'] ?? '')).toBe(12 * hour);
      upstream.control.clock.advance(12 * hour - 1);
      expect((await call('GET', '/v1/az', user['uuid'])).status).toBe(200);
      upstream.control.clock.advance(1);
      expect((await call('GET', '/v1/az', user['uuid'])).status).toBe(401);
    });

    it('are two per account: the third login ends the oldest', async () => {
      const second = await login();
      expect((await call('GET', '/v1/az', token)).status).toBe(200);
      const third = await login();
      const states = await Promise.all([token, second, third].map((one) => call('GET', '/v1/az', one)));
      expect(states.map(({ status }) => status)).toEqual([401, 200, 200]);
    });

    it('are checked by /v1/auth, ended by /v1/logout, and all at once from outside', async () => {
      expect((await call('POST', '/v1/auth', undefined, { token })).status).toBe(200);
      expect((await call('POST', '/v1/logout', undefined, { token })).body.result).toBe('ok');
      expect((await call('POST', '/v1/auth', undefined, { token })).status).toBe(401);
      expect((await call('GET', '/v1/az', token)).status).toBe(401);
      const later = await login();
      upstream.control.expireSessions();
      expect((await call('GET', '/v1/az', later)).status).toBe(401);
    });

    it('refuse a wrong password, a missing field, and anything without Bearer, in the envelope', async () => {
      const wrong = await call('POST', '/v1/login', undefined, { user_name: 'admin', password: 'no' });
      expect(wrong.status).toBe(401);
      expect(wrong.body).toEqual({
        error: { code: 401, message: expect.any(String), status: expect.any(String) },
        requestId: expect.any(String),
      });
      expect((await call('POST', '/v1/login', undefined, { user_name: 'admin' })).status).toBe(400);
      expect((await call('GET', '/v1/az')).status).toBe(401);
      const raw = await fetch(`${upstream.origin}/v1/az`, { headers: { authorization: token } });
      expect(raw.status).toBe(401);
    });
  });

  describe('lists', () => {
    it('hold 10 by default, count this page in size, and leave error out', async () => {
      const answer = await call('GET', '/v1/az', token);
      expect(Object.keys(answer.body)).toEqual(['requestId', 'result']);
      expect(answer.body.result).toMatchObject({ size: 10, total: 30 });
      const last = await list('/v1/az?page=3&size=14');
      expect([last.elements.length, last.size, last.total]).toEqual([2, 2, 30]);
      expect(await list('/v1/az?page=4&size=14')).toEqual({ elements: [], size: 0, total: 30 });
    });

    it('start at page 1 and take 0 for 1; size ends at 100; no numbers are a 400', async () => {
      expect(await list('/v1/az?page=0')).toEqual(await list('/v1/az?page=1'));
      const [{ path } = { path: '' }] = await clusters();
      expect((await list(`${path.replace(/\/[^/]+$/, '')}?size=1000`)).size).toBeLessThanOrEqual(100);
      for (const query of ['page=x', 'size=-1', 'sort=colour', 'order=up']) {
        expect((await call('GET', `/v1/az?${query}`, token)).status).toBe(400);
      }
    });

    it('filter and sort', async () => {
      expect((await list('/v1/az?name=az-07')).total).toBe(1);
      const sorted = await list('/v1/az?sort=name&order=desc&size=100');
      const names = sorted.elements.map(({ name }) => String(name));
      expect(names).toEqual([...names].sort().reverse());
    });
  });

  describe('clusters', () => {
    it('are found only under their zone, newest first', async () => {
      expect((await call('GET', '/v1/cluster', token)).status).toBe(404);
      const all = await clusters();
      expect(all).toHaveLength(upstream.control.size('cluster'));
      const zone = await list('/v1/az?size=1');
      const page = await list(`/v1/az/${zone.elements[0]?.['uuid']}/cluster`);
      const made = page.elements.map((cluster) => Date.parse(String(cluster['created_at'])));
      expect(made).toEqual([...made].sort((left, right) => right - left));
    });

    it('are read one by one under their own zone alone, wrapped by their kind', async () => {
      const all = await clusters();
      const { path, cluster } = all[0] as { path: string; cluster: Json };
      expect((await call('GET', path, token)).body.result).toEqual({ cluster });
      const foreign = all.find((one) => one.cluster['az_uuid'] !== cluster['az_uuid']);
      const astray = path.replace(String(cluster['az_uuid']), String(foreign?.cluster['az_uuid']));
      expect((await call('GET', astray, token)).status).toBe(404);
      expect((await call('GET', path.replace(/[^/]+$/, 'no'), token)).status).toBe(404);
    });

    it('are suspended, unavailable, of an integer nobody knows, of both spellings of an architecture, with tags null or []', async () => {
      const all = (await clusters()).map(({ cluster }) => cluster);
      expect(new Set(all.map(({ state }) => state))).toEqual(new Set([0, 1, 2, 7]));
      expect(new Set(all.map(({ arch }) => arch))).toEqual(new Set(['x86', 'x86_64', 'arm']));
      expect(all.some(({ tags }) => tags === null) && all.some(({ tags }) => Array.isArray(tags))).toBe(true);
      const times = all.map(({ created_at }) => String(created_at));
      expect(times.some((time) => time.endsWith('Z')) && times.some((time) => time.endsWith('+08:00'))).toBe(
        true,
      );
    });

    it('disappear from the list when deleted, and are still read, with state 4', async () => {
      const [{ path, cluster } = { path: '', cluster: {} as Json }] = await clusters();
      const key = String(cluster['uuid']);
      expect(upstream.control.remove('cluster', key)).toBe(true);
      expect((await clusters()).some((one) => one.cluster['uuid'] === key)).toBe(false);
      expect((await call('GET', path, token)).body.result).toMatchObject({
        cluster: { uuid: key, state: 4 },
      });
    });

    it('come first when added, and change from outside', async () => {
      const [key = ''] = upstream.control.add('cluster', 1);
      const found = (await clusters()).find(({ cluster }) => cluster['uuid'] === key);
      const page = await list(`${found?.path.replace(/\/[^/]+$/, '')}`);
      expect(page.elements[0]?.['uuid']).toBe(key);
      expect(upstream.control.touch('cluster', key, { state: 2 })).toBe(true);
      expect((await call('GET', found?.path ?? '', token)).body.result).toMatchObject({
        cluster: { state: 2 },
      });
      expect((await list(`${found?.path}/host`)).total).toBe(3);
    });
  });

  describe('hosts', () => {
    it('show no capacity in a list, and all of it in detail', async () => {
      const [{ path } = { path: '' }] = await clusters();
      const [row] = (await list(`${path}/host`)).elements;
      expect(row).toMatchObject({ total_memory: 0, total_vcpus: 0, vms: [], storage_pools: [], state: 1 });
      const detail = await call('GET', `${path}/host/${row?.['uuid']}`, token);
      const { host } = detail.body.result as { host: Json };
      expect(host['uuid']).toBe(row?.['uuid']);
      expect(Number(host['total_memory'])).toBeGreaterThan(2 ** 30);
      expect(host['storage_pools']).toHaveLength(1);
      expect(host['last_operation_created_at']).toBe('0001-01-01T00:00:00Z');
      expect((await call('GET', `${path}/host/no`, token)).status).toBe(404);
    });

    it('fall silent and come back while their cluster keeps state 1', async () => {
      const silent = async (): Promise<string[]> => {
        const found: string[] = [];
        for (const { path, cluster } of await clusters()) {
          const page = await list(`${path}/host?monitor_state=0`);
          if (page.total > 0 && cluster['state'] === 1) found.push(path);
        }
        return found;
      };
      const before = await silent();
      upstream.control.clock.advance(6 * 60_000);
      const after = await silent();
      expect(before.length).toBeGreaterThan(0);
      expect(before.filter((path) => after.includes(path))).toEqual([]);
      expect(after.length).toBeGreaterThan(0);
    });
  });

  it('speaks its own error body for unknown paths, bad JSON and injected faults', async () => {
    const unknown = await call('GET', '/v1/nothing', token);
    expect([unknown.status, unknown.body.error]).toEqual([404, expect.objectContaining({ code: 404 })]);
    const bad = await fetch(`${upstream.origin}/v1/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{',
    });
    expect([bad.status, await bad.json()]).toEqual([
      400,
      expect.objectContaining({ requestId: expect.any(String) }),
    ]);
    upstream.control.inject({ fault: { kind: 'expired_token' }, times: 1 });
    expect((await call('GET', '/v1/az', token)).status).toBe(401);
    upstream.control.inject({ fault: { kind: 'status', status: 500 }, times: 1 });
    expect((await call('GET', '/v1/az', token)).body.error).toMatchObject({ code: 500 });
  });

  it('has the same objects under the same seed, and never more than 32 clusters in a zone', async () => {
    const first = await clusters();
    const again = await startUpstream('chimestack', {
      scale: 600,
      frozen: true,
      now: () => Date.UTC(2026, 5, 1),
    });
    const large = await startUpstream('chimestack', { scale: 100_000, frozen: true });
    const before = upstream;
    upstream = again;
    token = await login();
    expect((await clusters()).map(({ cluster }) => cluster)).toEqual(first.map(({ cluster }) => cluster));
    upstream = large;
    token = await login();
    expect(await clusters()).toHaveLength(1024);
    await Promise.all([again.close(), large.close()]);
    upstream = before;
  });
});
