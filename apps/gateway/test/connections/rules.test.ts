import { startUpstream, type Upstream } from '@fleetgate/sandbox';
import { Keyring } from '../../src/sealing/keyring.ts';
import { eventually } from '../e2e/stack.ts';
import { type Gateways, startGateways } from '../oauth/gateways.ts';
import { errorOf, fieldsOf, Office, type Person } from './linking.ts';

/** Where names lead, as each test likes. */
const names = new Map<string, string[]>();
let gateways: Gateways;
let office: Office;
let upstream: Upstream;
let palette: Upstream;
let ada: Person;
let dan: Person;
let vic: Person;
let cyd: Person;
beforeAll(async () => {
  gateways = await startGateways(1, { role: 'all' }, async (host) => {
    const [first, ...later] = names.get(host) ?? [];
    if (first === undefined) throw Object.assign(new Error('no such name'), { code: 'ENOTFOUND' });
    if (later.length > 0) names.set(host, later);
    return [{ address: first, family: 4 }];
  });
  office = new Office(gateways);
  upstream = await startUpstream('fleet-manager', { scale: 20, frozen: true });
  palette = await startUpstream('palette', { scale: 20, frozen: true });
  ada = await office.person('ada', { edge: 'admin' });
  dan = await office.person('dan', { edge: 'developer' });
  vic = await office.person('vic', { edge: 'viewer' });
  cyd = await office.person('cyd', { core: 'owner' });
});
afterAll(async () => {
  await gateways?.close();
  await Promise.all([upstream, palette].map((one) => one?.close()));
});

const fleet = (slug: string, settings: object = {}, more: object = {}) => ({
  slug,
  provider: 'fleet-manager',
  settings: { baseUrl: upstream.baseUrl, apiKey: upstream.credentials['apiKey'], ...settings },
  ...more,
});
const post = (person: Person, body: object) => person.ask('POST', '/v1/connections', body);

describe('who links accounts', () => {
  const writes: [method: string, path: string, body?: object][] = [
    ['PUT', '', { settings: {} }],
    ['PATCH', '', { sync: { interval: 60 } }],
    ['POST', '/rotate-secret', { settings: { apiKey: 'x' } }],
    ['DELETE', ''],
  ];
  beforeAll(async () => {
    await ada.data(201, post(ada, fleet('of-edge')));
    await office.root.data(201, post(office.root, fleet('of-all', {}, { team: null })));
  });

  it('is an admin of the team, for that team alone', async () => {
    for (const [person, status] of [
      [dan, 403],
      [vic, 403],
    ] as const) {
      expect((await post(person, fleet('nope'))).status).toBe(status);
    }
    const foreign = await post(cyd, fleet('nope', {}, { team: 'edge' }));
    const absent = await post(cyd, fleet('nope', {}, { team: 'nowhere' }));
    expect([foreign.status, fieldsOf(foreign)]).toEqual([422, ['team']]);
    expect([absent.status, errorOf(absent)]).toEqual([422, errorOf(foreign)]); // nobody learns which teams there are
    expect((await post(cyd, fleet('nope', {}, { team: null }))).status).toBe(403);
    const unknown = await post(office.root, fleet('nope', {}, { team: 'nowhere' }));
    expect([unknown.status, fieldsOf(unknown)]).toEqual([422, ['team']]);
  });

  it.each(writes)(
    '%s …%s: what is another team’s is not there, what one may only see is forbidden',
    async (...write) => {
      const [method, path, body] = write;
      const ask = async (person: Person, slug: string) =>
        (await person.ask(method, `/v1/connections/${slug}${path}`, body)).status;
      expect(await ask(cyd, 'of-edge')).toBe(404);
      expect(await ask(cyd, 'of-nobody')).toBe(404);
      expect(await ask(dan, 'of-edge')).toBe(403);
      expect(await ask(vic, 'of-edge')).toBe(403);
      expect(await ask(ada, 'of-all')).toBe(403); // root's alone
    },
  );

  it('sees the settings, and nobody else does', async () => {
    const baseUrl = { baseUrl: upstream.baseUrl };
    expect(await ada.facts('of-edge')).toMatchObject({ settings: baseUrl, secrets: ['apiKey'] });
    for (const person of [dan, vic])
      expect(await person.facts('of-edge')).toMatchObject({ settings: null, secrets: null });
    expect(await cyd.facts('of-all')).toMatchObject({ settings: null, secrets: null });
    expect(await office.root.facts('of-all')).toMatchObject({ settings: baseUrl, team: null });
    expect((await cyd.get('/v1/connections/of-edge')).status).toBe(404);
    const seen = await cyd.data<{ id: string }[]>(200, cyd.get('/v1/connections'));
    expect(seen.map(({ id }) => id)).toEqual(['of-all']);
  });

  it('moves one to another team only as an admin of both', async () => {
    const moved = await ada.ask('PATCH', '/v1/connections/of-edge', { team: 'core' });
    expect([moved.status, fieldsOf(moved)]).toEqual([422, ['team']]);
    expect((await ada.ask('PATCH', '/v1/connections/of-edge', { team: null })).status).toBe(403);
    await ada.reach('of-edge', 'fresh');
    const clusters = await ada.total('/v1/clusters?connection=of-edge');
    expect(clusters).toBeGreaterThan(0);
    await office.root.data(200, office.root.ask('PATCH', '/v1/connections/of-edge', { team: 'core' }));
    expect((await ada.get('/v1/connections/of-edge')).status).toBe(404);
    expect(await cyd.total('/v1/clusters?connection=of-edge')).toBe(clusters);
    await office.root.data(200, office.root.ask('PATCH', '/v1/connections/of-edge', { team: 'edge' }));
  });
});

describe('an account of another team', () => {
  it('is not to be had by naming it without its password, though it has a session already', async () => {
    const { emailId, password, org } = palette.credentials;
    const account = (more: object) => ({
      provider: 'palette',
      settings: { baseUrl: palette.baseUrl, emailId, org, ...more },
    });
    await ada.data(201, post(ada, { slug: 'palette-edge', ...account({ password }) }));
    await ada.reach('palette-edge', 'fresh');
    await cyd.data(201, post(cyd, { slug: 'palette-core', ...account({ password: 'not-the-password' }) }));
    await cyd.reach('palette-core', 'failing');
    expect(await cyd.total('/v1/clusters?connection=palette-core')).toBe(-1); // 503: there is nothing, and it is known why
    const rotated = await ada.ask('POST', '/v1/connections/palette-edge/rotate-secret', {
      settings: { password: 'not-the-password' },
    });
    expect([rotated.status, fieldsOf(rotated)]).toEqual([422, ['settings.password']]);
  });
});

describe('what is wrong is named, without its value', () => {
  const secret = 'hunter2-the-secret';
  const wrong: [string, object, string[]][] = [
    ['nothing', {}, ['slug', 'provider', 'settings']],
    ['a slug', { ...fleetless(), slug: 'No Slug' }, ['slug']],
    ['a provider', { ...fleetless(), provider: secret }, ['provider']],
    ['a team', { ...fleetless(), team: 7 }, ['team']],
    ['an interval', { ...fleetless(), sync: { interval: '1 day' } }, ['sync.interval']],
    ['an interval that is too short', { ...fleetless(), sync: { interval: 1 } }, ['sync.interval']],
    ['an unknown member', { ...fleetless(), id: 'x', made: true }, ['id', 'made']],
    ['settings that are none', { ...fleetless(), settings: secret }, ['settings']],
    ['all settings missing', { ...fleetless(), settings: {} }, ['settings.baseUrl', 'settings.apiKey']],
    [
      'settings',
      { ...fleetless(), settings: { baseUrl: secret, apiKey: 12, timeoutMs: 1, limits: { burst: 'x' } } },
      ['settings.baseUrl', 'settings.timeoutMs', 'settings.limits.burst', 'settings.apiKey'],
    ],
    [
      'an unknown setting',
      { ...fleetless(), settings: { baseUrl: 'http://127.0.0.1:1', apikey: secret, [secret]: 1 } },
      ['settings.apiKey', 'settings.apikey', 'settings.…'],
    ],
    [
      'a user in an address',
      { ...fleetless(), settings: { baseUrl: `http://u:${secret}@h/`, apiKey: secret } },
      ['settings.baseUrl'],
    ],
    [
      'two ways to log in',
      {
        slug: 'nope',
        provider: 'palette',
        team: 'edge',
        settings: { baseUrl: 'http://127.0.0.1:1', apiKey: secret, emailId: 'a@b', password: secret },
      },
      ['settings.emailId', 'settings.password'],
    ],
  ];
  function fleetless(): Record<string, unknown> {
    return {
      slug: 'nope',
      provider: 'fleet-manager',
      team: 'edge',
      settings: { baseUrl: 'http://127.0.0.1:1', apiKey: 'k' },
    };
  }

  it.each(wrong)('%s', async (_, body, fields) => {
    const answer = await post(ada, body);
    expect({ status: answer.status, fields: fieldsOf(answer).sort() }).toEqual({
      status: 422,
      fields: [...fields].sort(),
    });
    expect(answer.text).not.toContain('hunter2');
    expect(await gateways.query(`SELECT 1 FROM audit WHERE audit::text LIKE '%hunter2%'`)).toEqual([]);
  });

  it.each(['__proto__', 'constructor', 'toString'])('a setting called %s does no harm', async (name) => {
    const settings = JSON.parse(
      `{"baseUrl":"http://127.0.0.1:1","apiKey":"k","${name}":{"polluted":true}}`,
    ) as object;
    const answer = await post(ada, { ...fleetless(), settings });
    expect([201, 400, 422]).toContain(answer.status); // 201: Nest takes it out
    if (answer.status === 201) expect((await ada.ask('DELETE', '/v1/connections/nope')).status).toBe(204);
    expect(answer.text).not.toContain('polluted');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('a change of nothing, of the slug or of the provider', async () => {
    const patch = (body: object) => ada.ask('PATCH', '/v1/connections/of-edge', body);
    expect(fieldsOf(await patch({}))).toEqual(['body']);
    expect(fieldsOf(await patch({ slug: 'other', provider: 'palette' }))).toEqual(['slug', 'provider']);
    expect(fieldsOf(await patch({ settings: { apiKey: null } }))).toEqual(['settings.apiKey']);
  });
});

describe('where an address leads', () => {
  it.each([
    ['http://169.254.169.254/latest/meta-data', 'is an address of cloud metadata'],
    ['http://[fd00:ec2::254]/', 'is an address of cloud metadata'],
    ['http://10.0.0.8:8080/api', 'is a private address'],
    ['http://[::ffff:10.0.0.8]/', 'is a private address'],
    ['http://0xa000008/', 'is a private address'],
    ['http://0.0.0.0/', 'is an unspecified address'],
    ['http://[::1]/', 'is a loopback address'],
    ['http://inside.example/', 'leads to a private address'],
    ['http://gone.example/', 'names a host that cannot be resolved'],
  ])('%s %s', async (baseUrl, words) => {
    names.set('inside.example', ['192.168.3.4']);
    const answer = await post(ada, fleet('nope', { baseUrl }));
    expect([answer.status, fieldsOf(answer)]).toEqual([422, ['settings.baseUrl']]);
    expect(errorOf(answer).details[0]?.message).toContain(words);
    expect(answer.text).not.toContain('192.168');
    const changed = await ada.ask('PATCH', '/v1/connections/of-edge', { settings: { baseUrl } });
    expect([changed.status, fieldsOf(changed)]).toEqual([422, ['settings.baseUrl']]);
  });

  it('is looked at again for every call: a name that was good is not for ever', async () => {
    const { port } = new URL(upstream.baseUrl);
    const path = new URL(upstream.baseUrl).pathname;
    names.set('rebind.example', ['127.0.0.1', '10.9.8.7']); // once for the check; from then on it leads inside
    upstream.control.forget();
    await ada.data(
      201,
      post(ada, fleet('rebind', { baseUrl: `http://rebind.example:${port}${path}`, timeoutMs: 1000 })),
    );
    await ada.reach('rebind', 'failing');
    const { error } = await ada.data<{ error: { code: string; message: string } }>(
      200,
      ada.ask('POST', '/v1/connections/rebind/test'),
    );
    expect(error.code).toBe('upstream_unavailable');
    expect(error.message).toContain('rebind.example leads to a private address, which is not allowed here');
    expect(upstream.control.requests()).toEqual([]);
    names.set('rebind.example', ['127.0.0.1']);
    expect(await ada.data(200, ada.ask('POST', '/v1/connections/rebind/test'))).toMatchObject({ ok: true });
    expect((await ada.ask('DELETE', '/v1/connections/rebind')).status).toBe(204);
  });
});

describe('a slug whose connection is still being removed', () => {
  it('is told from one that is taken, and is free when that is over', async () => {
    await gateways.query(`INSERT INTO connection (id, slug, provider, team, sync_interval_ms, settings, removed_at)
      VALUES ('gone', 'leaving', 'fleet-manager', 'core', 60000, '', now())`);
    await gateways.query(`INSERT INTO sync_state (connection, provider, link, lease_until)
      VALUES ('leaving', 'fleet-manager', 'gone', now() + interval '1 hour')`);
    const refused = await post(ada, fleet('leaving'));
    expect([refused.status, errorOf(refused).details]).toEqual([
      409,
      [{ field: 'slug', message: 'is still being removed' }],
    ]);
    await gateways.query(`DELETE FROM connection WHERE id = 'gone'`);
    expect((await post(ada, fleet('leaving'))).status).toBe(409); // its inventory is what has to be gone
    await gateways.query(`DELETE FROM sync_state WHERE link = 'gone'`);
    expect((await post(ada, fleet('leaving'))).status).toBe(201);
    expect((await ada.ask('DELETE', '/v1/connections/leaving')).status).toBe(204);
  });
});

describe('a stored connection that cannot be used', () => {
  /** Changes the row behind the gateway's back, and says so as a replica would. */
  const meddle = (set: string, values: unknown[] = []) =>
    gateways.query(
      `WITH changed AS (UPDATE connection SET ${set}, version = version + 1 WHERE slug = 'of-edge' RETURNING slug)
       SELECT pg_notify('fleetgate_inventory', json_build_object('connection', slug, 'linked', true)::text) FROM changed`,
      values,
    );
  const problem = () => ada.facts('of-edge').then((facts) => facts.problem);

  it('says why, harms nothing else, and can be repaired or removed', async () => {
    const [{ settings }] = (await gateways.query(
      `SELECT settings FROM connection WHERE slug = 'of-edge'`,
    )) as [{ settings: Buffer }];
    await meddle('settings = $1', [new Keyring(Buffer.alloc(32, 9)).sealed('connection').seal('x', '{}')]);
    await eventually('it is told', async () => (await problem()) !== null);
    expect(await problem()).toContain('FLEETGATE_SECRET_KEY is another one than before');
    const listed = await ada.data<{ id: string; problem: string | null }[]>(200, ada.get('/v1/connections'));
    expect(listed.find(({ id }) => id === 'of-edge')?.problem).toBe(await problem());
    expect((await ada.ask('POST', '/v1/connections/of-edge/test')).status).toBe(409);
    expect((await ada.get('/v1/clusters?connection=of-all')).status).toBe(200);

    await meddle('settings = $1', [settings]);
    await eventually('it works again', async () => (await problem()) === null);
    await meddle(`provider = 'no-such-provider'`);
    await eventually(
      'it is told',
      async () => (await problem()) === 'no provider no-such-provider is installed',
    );
    expect((await ada.ask('DELETE', '/v1/connections/of-edge')).status).toBe(204);
    expect((await ada.get('/v1/connections/of-edge')).status).toBe(404);
  });
});
