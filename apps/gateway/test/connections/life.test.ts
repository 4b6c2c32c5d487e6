import { decodeId } from '@fleetgate/model';
import { startUpstream, type Upstream } from '@fleetgate/sandbox';
import type { z } from 'zod';
import type { ConnectionTest } from '../../src/connections/connection-reports.ts';
import { eventually } from '../e2e/stack.ts';
import { type Gateways, startGateways } from '../oauth/gateways.ts';
import { errorOf, fieldsOf, Office, type Person } from './linking.ts';

const wrongKey = 'fm_key_that_was_never_good';
let gateways: Gateways;
let office: Office;
let edge: Upstream;
let core: Upstream;
let ada: Person;
let cyd: Person;
let apiKey: string;
let eventsOfEdge: string[] = [];
beforeAll(async () => {
  gateways = await startGateways(2, { role: 'all' });
  office = new Office(gateways);
  edge = await startUpstream('fleet-manager', { scale: 40, frozen: true });
  core = await startUpstream('fleet-manager', { scale: 30, seed: 'core', frozen: true });
  apiKey = edge.credentials['apiKey'] as string;
  ada = await office.person('ada', { edge: 'admin' });
  cyd = await office.person('cyd', { core: 'owner' });
});
afterAll(async () => {
  await gateways?.close();
  await Promise.all([edge, core].map((upstream) => upstream?.close()));
});

const settings = (upstream: Upstream, more: object = {}) => ({
  baseUrl: upstream.baseUrl,
  apiKey,
  timeoutMs: 2000,
  ...more,
});

describe('a connection that is made over the API', () => {
  it('is there on every replica, and synced', async () => {
    const answer = await ada.ask('POST', '/v1/connections', {
      slug: 'fm-edge',
      provider: 'fleet-manager',
      sync: { interval: '1h' },
      settings: settings(edge),
    });
    expect({ status: answer.status, location: answer.headers['location'] }).toEqual({
      status: 201,
      location: '/v1/connections/fm-edge',
    });
    expect(answer.body['data']).toMatchObject({
      id: 'fm-edge',
      provider: 'fleet-manager',
      team: 'edge',
      origin: 'api',
      problem: null,
      settings: { baseUrl: edge.baseUrl, timeoutMs: 2000, authScheme: 'api-key' },
      secrets: ['apiKey'],
      sync: { interval_seconds: 3600 },
    });
    await ada.reach('fm-edge', 'fresh', 1);
    for (const on of [0, 1]) {
      expect(await ada.total('/v1/clusters', on)).toBe(edge.control.size('cluster'));
      expect((await ada.facts('fm-edge', on)).capabilities).toHaveProperty('clusters');
    }
    const { body } = await ada.get('/v1/clusters?limit=1', 1);
    const [{ id }] = body['data'] as [{ id: string }];
    expect((await ada.get(`/v1/clusters/${id}?max_stale=0`, 1)).status).toBe(200);
  });

  it('cannot be made twice, wherever it is asked for at once', async () => {
    const again = (on: number) =>
      ada.ask(
        'POST',
        '/v1/connections',
        { slug: 'fm-twice', provider: 'fleet-manager', settings: settings(edge) },
        on,
      );
    const answers = await Promise.all([again(0), again(1), again(0), again(1)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 409, 409, 409]);
    expect(fieldsOf(answers.find(({ status }) => status === 409) as (typeof answers)[0])).toEqual(['slug']);
    expect((await ada.ask('DELETE', '/v1/connections/fm-twice')).status).toBe(204);
  });

  it('is changed by a merge patch: what is left out stays, secrets too', async () => {
    const changed = await ada.data(
      200,
      ada.ask(
        'PATCH',
        '/v1/connections/fm-edge',
        { sync: { interval: 120 }, settings: { timeoutMs: 1500 } },
        1,
      ),
    );
    expect(changed).toMatchObject({
      settings: { baseUrl: edge.baseUrl, timeoutMs: 1500 },
      secrets: ['apiKey'],
      sync: { interval_seconds: 120 },
    });
    await eventually('the other replica goes by it', async () => {
      const { sync, settings: known } = await ada.facts('fm-edge', 0);
      return sync.interval_seconds === 120 && known?.['timeoutMs'] === 1500;
    });
    const reset = await ada.data(
      200,
      ada.ask('PATCH', '/v1/connections/fm-edge', { settings: { timeoutMs: null } }),
    );
    expect(reset.settings?.['timeoutMs']).toBe(10_000); // the provider's own
  });

  it('is replaced whole, but for the secrets that are left out', async () => {
    const { baseUrl } = edge;
    const replaced = await ada.data(
      200,
      ada.ask('PUT', '/v1/connections/fm-edge', {
        sync: { interval: '1h' },
        settings: { baseUrl, timeoutMs: 3000 },
      }),
    );
    expect(replaced).toMatchObject({ settings: { timeoutMs: 3000 }, secrets: ['apiKey'], team: 'edge' });
    const test = await ada.data<z.infer<typeof ConnectionTest>>(
      200,
      ada.ask('POST', '/v1/connections/fm-edge/test'),
    );
    expect(test).toMatchObject({ ok: true });
    const without = await ada.ask('PUT', '/v1/connections/fm-edge', { settings: { baseUrl, apiKey: null } });
    expect([without.status, fieldsOf(without)]).toEqual([422, ['settings.apiKey']]);
  });

  it('that is changed by two at once takes one of them, and tells the other', async () => {
    const change = (interval: number, on: number) =>
      ada.ask('PATCH', '/v1/connections/fm-edge', { sync: { interval } }, on);
    const answers = await Promise.all([10, 20, 30, 40].map((seconds, at) => change(seconds * 60, at % 2)));
    const done = answers.filter(({ status }) => status === 200);
    expect(done.length).toBeGreaterThan(0);
    for (const { status } of answers) expect([200, 409]).toContain(status);
    const [row] = await gateways.query(`SELECT version FROM connection WHERE slug = 'fm-edge'`);
    const before = 1 + 2 + 1; // two patches and a replacement
    expect(Number(row?.['version'])).toBe(before + done.length);
  });
});

describe('a secret', () => {
  const rotate = (secret: string, query = '', on = 0) =>
    ada.ask('POST', `/v1/connections/fm-edge/rotate-secret${query}`, { settings: { apiKey: secret } }, on);
  const isGood = async (on: number) => {
    const test = ada.ask('POST', '/v1/connections/fm-edge/test', undefined, on);
    return (await ada.data<{ ok: boolean }>(200, test)).ok;
  };

  it('that the platform refuses is named, and the old one stays', async () => {
    const refused = await rotate(wrongKey);
    expect([refused.status, fieldsOf(refused)]).toEqual([422, ['settings.apiKey']]);
    expect(errorOf(refused).message).toContain('the old one stays');
    expect([await isGood(0), await isGood(1)]).toEqual([true, true]);
  });

  it('stays as well where the platform fails', async () => {
    edge.control.inject({ fault: { kind: 'status', status: 503 } });
    expect((await rotate(apiKey)).status).toBe(502);
    edge.control.clear();
    expect(await isGood(0)).toBe(true);
  });

  it('is taken without a question where that is asked for, on every replica', async () => {
    expect((await rotate(wrongKey, '?test=false')).status).toBe(200);
    await eventually('both use it', async () => !(await isGood(0)) && !(await isGood(1)));
    expect((await rotate(apiKey, '', 1)).status).toBe(200);
    await eventually('both use the good one', async () => (await isGood(0)) && (await isGood(1)));
  });

  it('is all that can be rotated', async () => {
    const path = '/v1/connections/fm-edge/rotate-secret';
    const other = await ada.ask('POST', path, { settings: { baseUrl: core.baseUrl, apiKey: 'x' } });
    expect([other.status, fieldsOf(other)]).toEqual([422, ['settings.baseUrl']]);
    const nothing = await ada.ask('POST', path, { settings: {} });
    expect([nothing.status, fieldsOf(nothing)]).toEqual([422, ['settings']]);
  });
});

describe('a connection that is removed', () => {
  it('is gone everywhere with all that it held and had under way, and its slug can be had by another team', async () => {
    await ada.reach('fm-edge', 'fresh', 1);
    const events = await ada.data<{ id: string }[]>(200, ada.get('/v1/events?limit=100'));
    eventsOfEdge = events.map((event) => event.id);
    const { body } = await ada.get('/v1/clusters?limit=1', 1);
    const [{ id }] = body['data'] as [{ id: string }];
    edge.control.forget();
    edge.control.inject({ fault: { kind: 'hang' } });
    const waiting = ada.get(`/v1/clusters/${id}?max_stale=0`, 1);
    await eventually('the platform is asked', () => edge.control.requests().length > 0);

    expect((await ada.ask('DELETE', '/v1/connections/fm-edge', undefined, 0)).status).toBe(204);
    // What waited ends, long before its deadline would end it: with what was known, or with nothing.
    expect([200, 404, 503]).toContain((await waiting).status);
    edge.control.clear();
    await eventually(
      'the other replica knows',
      async () => (await ada.get('/v1/connections/fm-edge', 1)).status === 404,
    );
    for (const on of [0, 1]) {
      expect(await ada.total('/v1/clusters', on)).toBe(0);
      expect((await ada.get(`/v1/clusters/${id}`, on)).status).toBe(404);
      expect((await ada.get('/v1/clusters?connection=fm-edge', on)).status).toBe(422);
    }
    for (const table of [
      'resource',
      'resource_count',
      'sync_state',
      'sync_kind',
      'inventory_revision',
      'outbox',
    ]) {
      const rows = await gateways.query(`SELECT 1 FROM ${table} WHERE connection = 'fm-edge'`);
      expect({ table, rows }).toEqual({ table, rows: [] });
    }
    expect(await gateways.query(`SELECT 1 FROM connection WHERE slug = 'fm-edge'`)).toEqual([]);

    const made = { slug: 'fm-edge', provider: 'fleet-manager', settings: settings(core) };
    await cyd.data(201, cyd.ask('POST', '/v1/connections', made, 1));
    await cyd.reach('fm-edge', 'fresh', 0);
    for (const on of [0, 1]) {
      expect(await cyd.total('/v1/clusters', on)).toBe(core.control.size('cluster'));
      expect(await ada.total('/v1/clusters', on)).toBe(0);
      expect((await ada.get('/v1/connections/fm-edge', on)).status).toBe(404);
    }
    expect((await cyd.get(`/v1/clusters/${id}`)).status).toBe(404);
    expect(decodeId(id)?.connection).toBe('fm-edge');
  });

  it('keeps its events for its own team', async () => {
    const heard = async (person: Person) => {
      const answer = await person.data<{ id: string }[]>(200, person.get('/v1/events?limit=100'));
      return answer.map((event) => event.id);
    };
    expect(eventsOfEdge.length).toBeGreaterThan(0);
    expect(await heard(ada)).toEqual(expect.arrayContaining(eventsOfEdge));
    await eventually('its successor has events of its own', async () => (await heard(cyd)).length > 0);
    for (const id of await heard(cyd)) expect(eventsOfEdge).not.toContain(id);
  });
});

describe('what is secret', () => {
  it('was in no answer, no line of the log, no row of the audit, and in no column as it is', async () => {
    for (const secret of [apiKey, wrongKey]) {
      for (const text of office.answers) expect(text).not.toContain(secret);
      for (const line of gateways.log) expect(line).not.toContain(secret);
      const tables = await gateways.query(`SELECT table_name AS name FROM information_schema.tables
        WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`);
      for (const { name } of tables) {
        const hex = Buffer.from(secret).toString('hex');
        const rows = await gateways.query(
          `SELECT count(*)::int AS n FROM "${name}" t WHERE strpos(t::text, $1) > 0 OR strpos(t::text, $2) > 0`,
          [secret, hex],
        );
        expect({ name, ...rows[0] }).toEqual({ name, n: 0 });
      }
    }
  });

  it('leaves a trace of who did what to it', async () => {
    const rows = await gateways.query(
      `SELECT action, outcome, actor_name, team, target_id, detail FROM audit WHERE action LIKE 'connection.%' ORDER BY seq`,
    );
    const deeds = rows.map(({ action, outcome }) => `${action} ${outcome}`);
    for (const deed of [
      'connection.create done',
      'connection.create refused',
      'connection.change done',
      'connection.replace done',
      'connection.replace refused',
      'connection.rotate_secret done',
      'connection.rotate_secret refused',
      'connection.rotate_secret failed',
      'connection.remove done',
    ]) {
      expect(deeds).toContain(deed);
    }
    expect(rows[0]).toMatchObject({
      actor_name: 'ada',
      team: 'edge',
      target_id: 'fm-edge',
      detail: { provider: 'fleet-manager', settings: ['baseUrl', 'apiKey', 'timeoutMs'] },
    });
  });
});
