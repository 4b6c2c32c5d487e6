import { readFileSync } from 'node:fs';
import { recordSchemas } from '@fleetgate/model';
import type { Page, Provider } from '@fleetgate/provider-spec';
import { startUpstream } from '@fleetgate/sandbox';
import { clusterRecord } from '../src/clusters.ts';
import { factsOf } from '../src/hosts.ts';
import { chimestack } from '../src/index.ts';
import { Whole } from '../src/wire.ts';
import { type Answer, type ChimeServer, serveChime } from './chime-server.ts';
import { call, plainHost } from './host.ts';

type Cluster = [name: string, fixture: { object: unknown; record: object }];
type State = { state: number | null; hosts: object[]; is: string; word: string | null };
type Hosts = [name: string, fixture: { listed: Whole[]; details: Whole[] | null; facts: object }];

const fixture = (name: string) =>
  JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, import.meta.url), 'utf8'));
const clusterCases: Cluster[] = Object.entries(fixture('clusters'));
const hostCases: Hosts[] = Object.entries(fixture('hosts'));
const stateCases: State[] = fixture('states');

describe('records', () => {
  it.each(clusterCases)('%s', (_name, { object, record }) => {
    const mapped = clusterRecord('az-1', Whole.parse(object), null);
    expect(mapped).toMatchObject(record);
    expect(recordSchemas.cluster.parse(mapped)).toEqual(mapped);
  });
  it.each(stateCases)('state $state with hosts $hosts is $is', ({ state, hosts, is, word }) => {
    const listed = hosts.map((host, at) => ({ uuid: `h${at}`, ...host }));
    const mapped = clusterRecord('az-1', { uuid: 'u', name: 'n', state }, factsOf(listed, null));
    expect(mapped).toMatchObject({ status: is, native_status: word, node_count: hosts.length });
  });
  it.each(hostCases)('hosts: %s', (_name, { listed, details, facts }) => {
    expect(factsOf(listed, details)).toMatchObject(facts);
  });
});

async function keysOf(provider: Provider, limit?: number): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const input = { ...(cursor === undefined ? {} : { cursor }), ...(limit === undefined ? {} : { limit }) };
    const page: Page<{ key: readonly string[] }> | undefined = await provider.clusters?.list(input, call);
    found.push(...(page?.items ?? []).map(({ key }) => key.join('/')));
    cursor = page?.next;
  } while (cursor !== undefined);
  return found;
}

describe('an upstream that the contract leaves open', () => {
  let server: ChimeServer;
  const connect = (settings: object = {}, host = plainHost()): Provider =>
    chimestack.connect(
      chimestack.settings.parse({
        baseUrl: server.baseUrl,
        userName: 'admin',
        password: 'a long password',
        ...settings,
      }),
      host,
    );
  afterEach(() => server.close());

  const uuids = (count: number) => Array.from({ length: count }, (_, at) => ({ uuid: `c${at}`, state: 1 }));
  const ok = (elements: readonly object[], total = elements.length): Answer => ({
    body: { requestId: 'r', result: { elements, size: elements.length, total } },
  });
  /** One zone of `count` clusters without hosts; `base` is the number of the first page, `most` the largest page given. */
  const zoneOf = (count: number, base: 0 | 1, most: number, pageBelow: 'first' | 400 | 500) =>
    serveChime((path, query) => {
      if (path.endsWith('/host')) return ok([]);
      const rows = path === '/v1/az' ? [{ uuid: 'az' }] : uuids(count);
      const size = Math.min(Number(query.get('size')), most);
      const page = Number(query.get('page')) - base;
      if (page < 0 && pageBelow !== 'first') return { status: pageBelow, body: { error: { code: 1 } } };
      const from = Math.max(0, page) * size;
      return ok(rows.slice(from, from + size), rows.length);
    });
  const expected = (count: number) => uuids(count).map(({ uuid }) => `az/${uuid}`);

  it.each([
    ['pages from 0', 0, 'first'],
    ['pages from 1, 0 taken for 1', 1, 'first'],
    ['pages from 1, 0 refused', 1, 400],
    ['pages from 1, 0 crashing', 1, 500],
  ] as const)('%s: every cluster once, at any page size', async (_name, base, pageBelow) => {
    server = await zoneOf(7, base, 100, pageBelow);
    for (const limit of [1, 2, 3, 7, undefined]) {
      expect(await keysOf(connect(), limit)).toEqual(expected(7));
    }
  });

  it.each([0, 1] as const)('gives less than asked for, pages from %i', async (base) => {
    server = await zoneOf(7, base, 2, 'first');
    expect(await keysOf(connect())).toEqual(expected(7));
  });

  it('is looked at for its first page once', async () => {
    server = await zoneOf(7, 1, 100, 'first');
    const provider = connect();
    await keysOf(provider, 3);
    const probes = () => server.asked.filter((request) => request.includes('page=0')).length;
    expect(probes()).toBe(1);
    await keysOf(provider, 3);
    expect(probes()).toBe(1);
  });

  it('fails with 200: an error in the envelope is a failure', async () => {
    const error = { code: 404, message: 'cluster is not found', status: 'not found' };
    server = await serveChime(() => ({ body: { requestId: 'r', error, result: null } }));
    await expect(connect().clusters?.get({ key: ['az', 'c'] }, call)).rejects.toMatchObject({
      code: 'not_found',
      upstream: { code: '404' },
    });
  });

  it('fails with 200 and a code of its own: unexpected, with the code', async () => {
    server = await serveChime(() => ({ body: { error: { code: 70012, message: 'no quorum' } } }));
    await expect(connect().account.identify({}, call)).rejects.toMatchObject({
      code: 'unexpected',
      message: expect.stringContaining('no quorum'),
      upstream: { code: '70012' },
    });
  });

  it('is no failure where a description speaks of an error', async () => {
    const zone = { uuid: 'az', description: '{"error": {"code": 1}}', extra: { error: 'old' } };
    server = await serveChime(() => ok([zone]));
    await expect(connect().account.identify({}, call)).resolves.toEqual({ name: null });
  });

  it('refuses a token with 200: logs in again, once', async () => {
    server = await serveChime((_path, _query, token) =>
      token === 'Bearer token-2'
        ? ok([{ uuid: 'az' }])
        : { body: { error: { code: 401, message: 'no authorization' } } },
    );
    await connect().account.identify({}, call);
    expect(server.asked.filter((request) => request.includes('/login'))).toHaveLength(2);
  });

  it('evicts the token again and again: one login for each call, no loop', async () => {
    server = await serveChime(() => ({ status: 401, body: { error: { code: 401 } } }));
    const provider = connect();
    await expect(provider.account.identify({}, call)).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(server.asked.filter((request) => request.includes('/login'))).toHaveLength(2);
  });

  it('shares one session among all who share a token store', async () => {
    server = await serveChime(() => ok([{ uuid: 'az' }]));
    const host = plainHost();
    await connect({}, host).account.identify({}, call);
    await connect({}, host).account.identify({}, call);
    expect(server.asked.filter((request) => request.includes('/login'))).toHaveLength(1);
  });

  it('keeps listing more hosts than there can be: unexpected', async () => {
    let host = 0;
    server = await serveChime((path) => {
      if (!path.endsWith('/host')) return ok([{ uuid: 'x', state: 1 }]);
      const rows = Array.from({ length: 100 }, () => ({ uuid: `h${host++}` }));
      return ok(rows, host + 1000);
    });
    await expect(connect().clusters?.list({}, call)).rejects.toMatchObject({ code: 'unexpected' });
  });
});

describe('at an upstream', () => {
  it('asks for no host by itself when it is told not to', async () => {
    const upstream = await startUpstream('chimestack', { frozen: true, scale: 60 });
    try {
      const { userName, password } = upstream.credentials;
      const settings = { baseUrl: upstream.baseUrl, userName, password, hostDetails: false };
      const provider = chimestack.connect(
        chimestack.settings.parse(settings),
        plainHost(upstream.control.clock.now),
      );
      expect(await keysOf(provider)).toHaveLength(upstream.control.size('cluster'));
      const details = upstream.control.requests().filter(({ path }) => /\/host\/./.test(path));
      expect(details).toEqual([]);
    } finally {
      await upstream.close();
    }
  });
});
