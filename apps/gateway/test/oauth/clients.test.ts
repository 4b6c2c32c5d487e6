import { type Gateways, startGateways } from './gateways.ts';

let gateways: Gateways;
let admin: string;
let developer: string;
beforeAll(async () => {
  gateways = await startGateways(1);
  admin = await loginOf('ann', { edge: 'admin', core: 'viewer' });
  developer = await loginOf('dan', { edge: 'developer' });
  await gateways.addTeam('core');
});
afterAll(() => gateways?.close());

async function loginOf(name: string, memberships: Parameters<Gateways['addUser']>[1]): Promise<string> {
  const { password } = await gateways.addUser(name, memberships);
  const { body } = await gateways.ask('/v1/login', { json: { user_name: name, password } });
  return (body['data'] as { token: string }).token;
}

const path = '/v1/oauth/clients';
const back = 'https://board.example.com/back';
const make = (json: unknown, token = admin) => gateways.ask(path, { json, token });
const data = ({ body }: { body: Record<string, unknown> }) => body['data'] as Record<string, unknown>;

describe(path, () => {
  it('makes a client, whose secret is shown once and is stored nowhere', async () => {
    const answer = await make({ name: 'Board', redirect_uris: [back], scopes: ['read'] });
    expect(answer.status).toBe(201);
    const { secret, ...facts } = data(answer);
    expect(secret).toMatch(/^fg_secret_[\w-]{43}$/);
    expect(facts).toEqual({
      id: expect.stringMatching(/^client_/),
      name: 'Board',
      team: { id: expect.any(String), slug: 'edge', name: 'edge' },
      kind: 'confidential',
      grant_types: ['authorization_code', 'refresh_token'],
      redirect_uris: [back],
      scopes: ['read'],
      pkce: 'required',
      created_by: expect.stringMatching(/^user_/),
      created_at: expect.stringMatching(/Z$/),
    });
    expect(answer.headers['location']).toBe(`${path}/${facts['id']}`);
    expect(data(await gateways.ask(`${path}/${facts['id']}`, { token: admin }))).toEqual(facts);
    const listed = await gateways.ask(`${path}?limit=100`, { token: admin });
    expect(listed.body['data']).toContainEqual(facts);
    const stored = JSON.stringify(await gateways.query('SELECT * FROM oauth_client, audit'));
    expect(stored).toContain('oauth_client.create');
    expect(stored).not.toContain(secret as string);
  });

  it.each<[string, object, string]>([
    ['a fragment', { redirect_uris: [`${back}#x`] }, 'redirect_uris.0'],
    ['plain http to elsewhere', { redirect_uris: ['http://board.example.com/back'] }, 'redirect_uris.0'],
    ['a user in an address', { redirect_uris: ['https://me@board.example.com'] }, 'redirect_uris.0'],
    ['a script', { kind: 'public', redirect_uris: ['javascript:alert(1)'] }, 'redirect_uris.0'],
    ['a scheme without a dot', { kind: 'public', redirect_uris: ['board:/back'] }, 'redirect_uris.0'],
    ['a scheme of its own and a secret', { redirect_uris: ['com.example.board:/back'] }, 'redirect_uris'],
    ['one address twice', { redirect_uris: [back, back] }, 'redirect_uris'],
    ['nowhere to go back to', { grant_types: ['authorization_code'] }, 'redirect_uris'],
    ['no secret, for a token of its own', { kind: 'public' }, 'grant_types'],
    ['no secret and no PKCE', { kind: 'public', redirect_uris: [back], pkce: 'optional' }, 'pkce'],
    ['a scope that is none', { scopes: ['everything'] }, 'scopes.0'],
    ['no scope', { scopes: [] }, 'scopes'],
    ['a name of nothing', { name: '  ' }, 'name'],
    ['an owner that it chose itself', { created_by: 'root' }, 'created_by'],
    ['a secret that it chose itself', { secret: 'hunter2' }, 'secret'],
    [
      'addresses that cannot be used together',
      { kind: 'public', redirect_uris: ['https://localhost/back', 'com.example.board:/back'] },
      'redirect_uris',
    ],
  ])('refuses %s', async (_, changes, field) => {
    const { status, body } = await make({ name: 'Board', scopes: ['read'], ...changes });
    const { details } = body['error'] as { details: { field: string }[] };
    expect({ status, fields: details.map((one) => one.field) }).toEqual({
      status: 422,
      fields: expect.arrayContaining([field]),
    });
  });

  it('takes an app on a device, which any port of the device may be sent back to', async () => {
    const { status } = await make({
      name: 'Command line',
      kind: 'public',
      redirect_uris: ['http://127.0.0.1/back', 'com.example.fleet:/back'],
      scopes: ['read'],
    });
    expect(status).toBe(201);
  });

  it('is for those who administer keys, in their own teams, with what they may do themselves', async () => {
    const plain = { name: 'Job', scopes: ['read'] };
    expect((await make(plain, developer)).status).toBe(403);
    expect((await make({ ...plain, team: 'core' })).status).toBe(403);
    expect((await make({ ...plain, team: 'somebody-elses' })).status).toBe(422);
    const { secret, id } = data(await make({ name: 'Small', scopes: ['keys:admin', 'read'] }));
    const form = {
      grant_type: 'client_credentials',
      client_id: id as string,
      client_secret: secret as string,
    };
    const { body } = await gateways.ask('/oauth/token', { form });
    const small = body['access_token'] as string;
    expect((await make(plain, small)).status).toBe(201);
    const more = await make({ name: 'More', scopes: ['clusters:kubeconfig'] }, small);
    expect(more).toMatchObject({ status: 403, body: { error: { code: 'forbidden' } } });
  });

  it('hides clients of other teams as if they were none', async () => {
    const { id } = await gateways.addClient({ name: 'Theirs', scopes: ['read'], team: 'core' });
    const none = await gateways.ask(`${path}/client_nobody`, { token: admin });
    for (const method of ['GET', 'DELETE']) {
      const answer = await gateways.ask(`${path}/${id}`, { method, token: admin });
      expect(answer.status).toBe(404);
      expect(answer.body['error']).toEqual(none.body['error']);
    }
    const listed = await gateways.ask(`${path}?limit=100`, { token: admin });
    expect(JSON.stringify(listed.body)).not.toContain(id);
    const own = data(await make({ name: 'Ours', scopes: ['read'] }));
    expect((await gateways.ask(`${path}/${own['id']}`, { method: 'DELETE', token: admin })).status).toBe(204);
    expect((await gateways.ask(`${path}/${own['id']}`, { token: admin })).status).toBe(404);
  });

  it('ends clients with the member who made them, where that is asked for, and those that they made', async () => {
    const { id: userId, password } = await gateways.addUser('eve', { edge: 'admin' });
    const login = await gateways.ask('/v1/login', { json: { user_name: 'eve', password } });
    const token = (login.body['data'] as { token: string }).token;
    const first = data(await make({ name: 'First', scopes: ['keys:admin', 'read'] }, token));
    const tokenOf = async ({ id, secret }: Record<string, unknown>) => {
      const form = { grant_type: 'client_credentials', client_id: `${id}`, client_secret: `${secret}` };
      return (await gateways.ask('/oauth/token', { form })).body['access_token'] as string;
    };
    const firstToken = await tokenOf(first);
    const secondToken = await tokenOf(data(await make({ name: 'Second', scopes: ['read'] }, firstToken)));
    const team = await gateways.addTeam('edge');
    const removal = `/v1/teams/${team}/members/${userId}?revoke_keys=true`;
    const removed = await gateways.ask(removal, { method: 'DELETE', token: gateways.rootKey });
    expect(removed.status).toBe(204);
    for (const ended of [firstToken, secondToken]) {
      expect((await gateways.ask('/v1/me', { token: ended })).status).toBe(401);
    }
    const listed = await gateways.ask(`${path}?limit=100`, { token: admin });
    expect(listed.text).not.toContain(first['id']);
  });
});
