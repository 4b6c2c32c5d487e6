import { startUpstream, type Upstream } from '../src/index.ts';

interface Reply {
  status: number;
  body: { requestId?: string; error?: { code: number; message: string }; result?: unknown };
}

describe('ChimeStack: changes of clusters', () => {
  let upstream: Upstream;
  let token: string;
  let zone: string;
  beforeEach(async () => {
    upstream = await startUpstream('chimestack', { frozen: true });
    token = '';
    const { userName, password } = upstream.credentials;
    const login = await call('POST', '/v1/login', { user_name: userName, password });
    token = (login.body.result as { user: { uuid: string } }).user.uuid;
    const zones = (await call('GET', '/v1/az')).body.result as { elements: { uuid: string }[] };
    zone = zones.elements[1]?.uuid ?? '';
  });
  afterEach(() => upstream.close());

  async function call(method: string, path: string, body?: unknown): Promise<Reply> {
    const answer = await fetch(upstream.origin + path, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, body: (await answer.json()) as Reply['body'] };
  }
  const path = (uuid: string, action = '') => `/v1/az/${zone}/cluster/${uuid}${action}`;
  const list = async () =>
    ((await call('GET', `/v1/az/${zone}/cluster?size=100`)).body.result as { elements: { uuid: string }[] })
      .elements;
  const make = async (body: object): Promise<string> => {
    const made = await call('POST', `/v1/az/${zone}/cluster`, body);
    expect(made.status).toBe(200);
    return (made.body.result as { cluster: { uuid: string } }).cluster.uuid;
  };
  const read = async (uuid: string) =>
    ((await call('GET', path(uuid))).body.result as { cluster: Record<string, unknown> }).cluster;

  it('make one in a zone, first of its list and without hosts; the answer leaves az_name empty', async () => {
    const before = await list();
    const made = await call('POST', `/v1/az/${zone}/cluster`, { name: 'edge', description: 'x', type: 1 });
    expect(made).toMatchObject({
      status: 200,
      body: {
        requestId: expect.any(String),
        result: {
          cluster: {
            name: 'edge',
            description: 'x',
            az_uuid: zone,
            az_name: '',
            arch: 'x86_64',
            hypervisor_type: 'kvm',
            type: 1,
            state: 1,
            created_at: expect.stringMatching(/^2026-01-01T00:00:00\.\d{9}Z$/),
          },
        },
      },
    });
    const { uuid } = (made.body.result as { cluster: { uuid: string } }).cluster;
    expect((await list()).map((one) => one.uuid)).toEqual([uuid, ...before.map((one) => one.uuid)]);
    expect(await read(uuid)).toMatchObject({ name: 'edge', az_name: 'az-02' });
    expect((await call('GET', path(uuid, '/host'))).body.result).toMatchObject({ total: 0 });
    const other = await make({ name: 'edge' }); // names are not unique
    expect(other).not.toBe(uuid);
    upstream.control.add('cluster', 3);
    expect((await list()).filter((one) => [uuid, other].includes(one.uuid))).toHaveLength(2);
  });

  it('change, disable and enable it, told by "ok" under its kind', async () => {
    const uuid = await make({ name: 'edge', description: 'old', arch: 'arm' });
    const ok = { status: 200, body: { result: { cluster: 'ok' } } };
    expect(await call('PATCH', path(uuid), { name: 'edge-2', description: '' })).toMatchObject(ok);
    expect(await read(uuid)).toMatchObject({ name: 'edge-2', description: '', arch: 'arm', state: 1 });
    for (const [action, state] of [
      ['/disable', 2],
      ['/disable', 2],
      ['/enable', 1],
    ] as const) {
      expect(await call('PUT', path(uuid, action))).toMatchObject(ok);
      expect(await read(uuid)).toMatchObject({ state });
    }
    const [seeded] = (await list()).slice(-1);
    expect(await call('PUT', path(seeded?.uuid ?? '', '/disable'))).toMatchObject(ok);
    expect(await read(seeded?.uuid ?? '')).toMatchObject({ state: 2 });
  });

  it('delete it, told by the integer 1; it is still read, with state 4, and can be changed no more', async () => {
    const uuid = await make({ name: 'edge' });
    expect(await call('DELETE', path(uuid))).toMatchObject({ status: 200, body: { result: 1 } });
    expect((await list()).some((one) => one.uuid === uuid)).toBe(false);
    expect(await read(uuid)).toMatchObject({ state: 4 });
    for (const [method, action] of [
      ['DELETE', ''],
      ['PUT', '/enable'],
      ['PATCH', ''],
    ] as const) {
      expect((await call(method, path(uuid, action), { name: 'x' })).status).toBe(404);
    }
  });

  it('are refused with 400 where a field is wrong or the zone is full, with 404 where there is no such zone', async () => {
    const refused = async (body: unknown) =>
      (await call('POST', `/v1/az/${zone}/cluster`, body)).body.error?.message;
    expect(await refused({})).toBe('name is required');
    expect(await refused({ name: 'x', type: 3 })).toBe('type must be 0, 1 or 2');
    expect(await refused({ name: 'x', arch: 8 })).toBe('arch must be a string');
    expect((await call('POST', '/v1/az/nowhere/cluster', { name: 'x' })).status).toBe(404);
    for (let free = 32 - (await list()).length; free > 0; free -= 1) await make({ name: 'x' });
    expect(await refused({ name: 'x' })).toBe('az az-02 has 32 clusters already');
  });
});
