import { type Kind, Pagination, resourceSchemas, Source } from '@fleetgate/model';
import { z } from 'zod';
import { eventually, everyPlatform, type Stack, startStack } from './stack.ts';
import { byCursor, byPages, holders, type Item, kindsWithList, list, listOf, listPaths } from './walking.ts';

/** The model with nothing beside it, at every depth of what we make ourselves. */
const strictly = (kind: Kind) =>
  z.strictObject({
    data: z.array(z.strictObject(resourceSchemas[kind].shape as z.ZodRawShape)),
    pagination: z.strictObject(Pagination.shape),
    sources: z.array(z.strictObject(Source.shape)),
    requestId: z.string(),
  });

let stack: Stack;
let all: Record<keyof typeof listPaths, Item[]>;
/** a project with deployments, a cluster with deployments, a deployment with releases */
let outer: { project: Item; cluster: Item; deployment: Item };

beforeAll(async () => {
  stack = await startStack();
  await stack.reach('fresh');
  const lists = await Promise.all(
    kindsWithList.map(async (kind) => [kind, await byPages(stack, listPaths[kind])]),
  );
  all = Object.fromEntries(lists);
  const deploymentsOf = (key: (deployment: Item) => unknown) =>
    new Set(all.deployment.map(key).filter((id) => id !== null));
  const parents = deploymentsOf(({ project_id }) => project_id);
  const targets = deploymentsOf(({ target }) => (target as { id: string } | null)?.id ?? null);
  outer = {
    project: all.project.find(({ id }) => parents.has(id)) as Item,
    cluster: all.cluster.find(({ id }) => targets.has(id)) as Item,
    deployment: all.deployment.find(
      ({ connection, latest_release }) => connection.id === 'fm-east' && latest_release !== null,
    ) as Item,
  };
});
afterAll(() => stack?.close());

/** Every list there is, with its kind and the connections that it is about. */
function everyList(): { path: string; kind: Kind; about: readonly string[] }[] {
  const { project, cluster, deployment } = outer;
  return [
    ...kindsWithList.map((kind) => ({ path: listPaths[kind] as string, kind, about: holders[kind] })),
    { path: `/v1/projects/${project.id}/deployments`, kind: 'deployment', about: [project.connection.id] },
    { path: `/v1/clusters/${cluster.id}/deployments`, kind: 'deployment', about: [cluster.connection.id] },
    { path: `/v1/deployments/${deployment.id}/releases`, kind: 'release', about: [deployment.connection.id] },
  ];
}

const sizeOf = (kind: Kind, slugs: readonly string[] = holders[kind]) =>
  slugs.map((slug) => stack.upstream(slug).control.size(kind)).reduce((sum, size) => sum + size, 0);
const ids = (items: readonly Item[]) => items.map(({ id }) => id);
const sorted = (texts: readonly string[]) => [...texts].sort();

describe('every list', () => {
  it('holds exactly what the five platforms hold', () => {
    for (const kind of kindsWithList) {
      expect(all[kind]).toHaveLength(sizeOf(kind));
      expect(new Set(ids(all[kind])).size).toBe(all[kind].length);
      for (const slug of holders[kind]) {
        const own = all[kind].filter(({ connection }) => connection.id === slug);
        expect({ kind, slug, n: own.length }).toEqual({ kind, slug, n: sizeOf(kind, [slug]) });
      }
    }
  });

  it('is the model and nothing else', async () => {
    for (const { path, kind } of everyList()) {
      const answer = await stack.ask(`${path}?limit=100`);
      expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
      const result = strictly(kind).safeParse(answer.body);
      expect({ path, error: result.error?.issues ?? null }).toEqual({ path, error: null });
      expect(listOf(answer).data.length).toBeGreaterThan(0);
    }
  });

  it('names exactly the connections that could have a part in it', async () => {
    for (const { path, about } of everyList()) {
      const { sources } = await list(stack, path);
      expect(sources.map(({ connection }) => connection)).toEqual(about);
      expect(sources.every(({ state, observed_at }) => state === 'fresh' && observed_at !== null)).toBe(true);
    }
  });

  it('says that it is complete, who may keep it, and whom it was made for', async () => {
    for (const { path } of everyList()) {
      const { headers } = await stack.ask(path);
      expect(headers).toMatchObject({
        'x-fleetgate-complete': 'true',
        'cache-control': 'private, no-cache',
        vary: 'Authorization',
      });
    }
  });

  it('ends with the request id that the header has, also when the answer was ready', async () => {
    for (const { path } of everyList()) {
      for (const requestId of ['caller-chose-1', 'caller-chose-2']) {
        const answer = await stack.ask(path, { headers: { 'x-request-id': requestId } });
        expect(answer.headers['x-request-id']).toBe(requestId);
        expect(answer.text.endsWith(`,"requestId":"${requestId}"}`)).toBe(true);
      }
      const [first, second] = [await stack.ask(path), await stack.ask(path)];
      expect(first.headers['x-request-id']).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-/);
      expect(listOf(second).requestId).toBe(second.headers['x-request-id']);
      expect(second.headers['x-request-id']).not.toBe(first.headers['x-request-id']);
    }
  });

  it('answers HEAD with the headers of GET and no body', async () => {
    for (const { path } of everyList()) {
      const requestId = 'same-id-for-both';
      const get = await stack.ask(path, { headers: { 'x-request-id': requestId } });
      const head = await stack.ask(path, { method: 'HEAD', headers: { 'x-request-id': requestId } });
      // A client may close the connection after HEAD; the date may have moved on; and it is one call more.
      const own = /^(date|connection|keep-alive|(x-)?ratelimit(-remaining|-reset)?)$/;
      const expected = Object.fromEntries(Object.entries(get.headers).filter(([name]) => !own.test(name)));
      expect(head).toMatchObject({ status: 200, text: '', headers: expected });
    }
  });

  it('says so in the log, once, with the request id and without the query', async () => {
    for (const requestId of ['to-be-logged-1', 'to-be-logged-2']) {
      await stack.ask('/v1/clusters?q=private-search', { headers: { 'x-request-id': requestId } });
      const lines = () =>
        stack.log.filter((line) => line.includes(requestId)).map((line) => JSON.parse(line));
      await eventually('it is in the log', () => lines().length > 0);
      expect(lines()).toHaveLength(1);
      expect(lines()[0]).toMatchObject({ requestId, method: 'GET', path: '/v1/clusters', status: 200 });
    }
    expect(stack.log.join('')).not.toContain('private-search');
  });
});

describe('walking', () => {
  it.each([7, 100])('by pages of %i and by cursor shows every row once, in the same order', async (limit) => {
    for (const { path } of everyList()) {
      const paged = await byPages(stack, path, limit);
      const walked = await byCursor(stack, path, limit);
      expect(ids(walked)).toEqual(ids(paged));
      expect(new Set(ids(walked)).size).toBe(walked.length);
      expect((await list(stack, path)).pagination.total).toBe(walked.length);
    }
  });

  it('tells page, pages and total, and a cursor as long as something follows', async () => {
    const total = all.cluster.length;
    const pages = Math.ceil(total / 50);
    for (let page = 1; page <= pages; page++) {
      const { pagination, data } = await list(stack, `/v1/clusters?limit=50&page=${page}`);
      const next_cursor = page < pages ? expect.any(String) : null;
      expect(pagination).toEqual({ page, limit: 50, total, pages, next_cursor });
      expect(data).toHaveLength(Math.min(50, total - (page - 1) * 50));
    }
    const beyond = await list(stack, `/v1/clusters?limit=50&page=${pages + 1}`);
    expect(beyond).toMatchObject({ data: [], pagination: { total, next_cursor: null } });
    const { pagination } = await list(stack, '/v1/clusters');
    expect(pagination).toMatchObject({ page: 1, limit: 20 });
  });

  it('goes on from any page by the cursor of that page', async () => {
    const { pagination } = await list(stack, '/v1/clusters?limit=10&page=3');
    const cursor = encodeURIComponent(pagination.next_cursor as string);
    const next = await list(stack, `/v1/clusters?limit=25&cursor=${cursor}`);
    expect(next.pagination.page).toBeNull();
    expect(ids(next.data)).toEqual(ids(all.cluster.slice(30, 55)));
  });
});

describe('sorting', () => {
  const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
  const values: Record<string, (item: Item) => string> = {
    name: ({ name }) => name.toLowerCase(),
    created_at: ({ created_at }) => created_at ?? '',
    updated_at: ({ updated_at }) => updated_at ?? '',
  };

  it.each(['name', '-name', 'created_at', '-created_at', 'updated_at', '-updated_at'])(
    'by %s, with the id as tie-break, unknown times as the oldest',
    async (sort) => {
      const sign = sort.startsWith('-') ? -1 : 1;
      const value = values[sort.replace('-', '')] as (item: Item) => string;
      for (const kind of kindsWithList) {
        const walked = await byCursor(stack, `${listPaths[kind]}?sort=${sort}`, 30);
        const expected = [...all[kind]].sort(
          (a, b) => sign * (compare(value(a), value(b)) || compare(a.id, b.id)),
        );
        expect(ids(walked)).toEqual(ids(expected));
      }
    },
  );
});

describe('filtering', () => {
  /** The filter of the API against the same filter over everything, in the order of everything. */
  async function same(kind: keyof typeof listPaths, query: string, fits: (item: Item) => boolean) {
    const sort = kind === 'deployment' ? 'sort=-created_at' : 'sort=name';
    const answer = await byCursor(stack, `${listPaths[kind]}?${sort}&${query}`, 40);
    const expected = all[kind].filter(fits);
    expect({ query, found: ids(answer) }).toEqual({ query, found: ids(expected) });
    const { pagination } = await list(stack, `${listPaths[kind]}?${query}&limit=1`);
    expect({ query, total: pagination.total }).toEqual({ query, total: expected.length });
    return expected.length;
  }

  it('by status', async () => {
    for (const kind of ['project', 'cluster', 'deployment'] as const) {
      const words = new Set(all[kind].map(({ status }) => status as string));
      expect(words.size).toBeGreaterThan(1);
      for (const word of words) await same(kind, `status=${word}`, ({ status }) => status === word);
    }
    expect(await same('cluster', 'status=deleting', ({ status }) => status === 'deleting')).toBeGreaterThan(
      0,
    );
  });

  it('by provider and by connection', async () => {
    for (const kind of kindsWithList) {
      for (const { slug, upstream } of everyPlatform) {
        await same(kind, `provider=${upstream}`, ({ connection }) => connection.provider === upstream);
        if (!holders[kind].includes(slug)) continue;
        await same(kind, `connection=${slug}`, ({ connection }) => connection.id === slug);
      }
    }
    const one = await list(stack, '/v1/clusters?connection=chime');
    expect(one.sources.map(({ connection }) => connection)).toEqual(['chime']);
  });

  it('by team: the one that the upstream tells, else the one of the connection', async () => {
    const edge = ({ connection }: Item) => ['fm-east', 'toolkit'].includes(connection.id);
    expect(await same('cluster', 'team=edge', edge)).toBeGreaterThan(0);
    const told = new Set(all.project.map(({ team }) => (team as { id: string } | null)?.id ?? null));
    expect(told.size).toBeGreaterThan(2);
    for (const id of told) {
      if (id === null) continue;
      const fits = ({ team }: Item) => (team as { id: string } | null)?.id === id;
      expect(await same('project', `team=${id}`, fits)).toBeGreaterThan(0);
    }
  });

  it('by project and by cluster, like the lists under them', async () => {
    const { project, cluster } = outer;
    const ofProject = ({ project_id }: Item) => project_id === project.id;
    expect(await same('deployment', `project=${project.id}`, ofProject)).toBeGreaterThan(0);
    const onCluster = ({ target }: Item) => (target as { id: string | null } | null)?.id === cluster.id;
    expect(await same('deployment', `cluster=${cluster.id}`, onCluster)).toBeGreaterThan(0);
    const holder = all.cluster.find(({ project_id }) => project_id !== null) as Item;
    const inProject = ({ project_id }: Item) => project_id === holder['project_id'];
    expect(await same('cluster', `project=${holder['project_id']}`, inProject)).toBeGreaterThan(0);

    const nested = await byPages(stack, `/v1/projects/${project.id}/deployments`);
    expect(ids(nested)).toEqual(ids(all.deployment.filter(ofProject)));
    const under = await byPages(stack, `/v1/clusters/${cluster.id}/deployments`);
    expect(ids(under)).toEqual(ids(all.deployment.filter(onCluster)));
  });

  it('by labels, all of them at once when there are several', async () => {
    const labelled = all.cluster.find(({ labels }) => Object.keys(labels).length >= 2) as Item;
    const pairs = Object.entries(labelled.labels).slice(0, 2);
    const query = (some: typeof pairs) =>
      some.map(([key, value]) => `label=${encodeURIComponent(`${key}:${value}`)}`).join('&');
    for (const some of [pairs.slice(0, 1), pairs.slice(1), pairs]) {
      const fits = ({ labels }: Item) => some.every(([key, value]) => labels[key] === value);
      expect(await same('cluster', query(some), fits)).toBeGreaterThan(0);
    }
    await same('cluster', 'label=no:such', () => false);
  });

  it('by a part of the name, in any case, taking no character for a wildcard', async () => {
    for (const part of ['a', 'er', 'EDGE', '-1', '%', '_', '\\', "'"]) {
      const fits = ({ name }: Item) => name.toLowerCase().includes(part.toLowerCase());
      for (const kind of kindsWithList) await same(kind, `q=${encodeURIComponent(part)}`, fits);
    }
  });

  it('by when it was changed, the moment itself included', async () => {
    const times = sorted(all.cluster.flatMap(({ updated_at }) => updated_at ?? []));
    for (const moment of [times[0], times[Math.floor(times.length / 2)], times.at(-1)] as string[]) {
      const fits = ({ updated_at }: Item) => updated_at !== null && updated_at >= moment;
      expect(await same('cluster', `updated_since=${moment}`, fits)).toBeGreaterThan(0);
    }
    await same('cluster', 'updated_since=9999-12-31', () => false);
    const day = ({ updated_at }: Item) => updated_at !== null && updated_at >= '2025-07-01T00:00:00.000Z';
    await same('cluster', 'updated_since=2025-07-01', day);
    await same('cluster', `updated_since=${encodeURIComponent('2025-07-01T02:00:00+02:00')}`, day);
  });

  it('by several things at once', async () => {
    const fits = ({ status, connection, name }: Item) =>
      status === 'healthy' && connection.provider === 'fleet-manager' && name.includes('e');
    expect(await same('cluster', 'status=healthy&provider=fleet-manager&q=e', fits)).toBeGreaterThan(0);
  });
});

describe('include=native', () => {
  it("adds the upstream's own object to every row, and only then", async () => {
    for (const { path } of everyList()) {
      const plain = await list(stack, `${path}?limit=100`);
      expect(plain.data.some((item) => 'native' in item)).toBe(false);
      const full = await list(stack, `${path}?limit=100&include=native`);
      const bare = full.data.map(({ native, ...rest }) => {
        expect(Object.keys(native as object).length).toBeGreaterThan(0);
        return rest;
      });
      expect(bare).toEqual(plain.data);
    }
  });
});

describe('what a row tells of others', () => {
  it('a project: how many deployments it has, and the latest', () => {
    for (const project of all.project) {
      const own = all.deployment.filter(({ project_id }) => project_id === project.id);
      const latest = [...own].sort((a, b) => {
        const [left, right] = [`${a.created_at} ${a.id}`, `${b.created_at} ${b.id}`];
        return left < right ? 1 : -1;
      })[0];
      expect(project['deployments']).toEqual({
        total: own.length,
        latest: latest ? { id: latest.id, status: latest['status'], created_at: latest.created_at } : null,
      });
    }
    expect(all.project.some(({ deployments }) => (deployments as { total: number }).total > 1)).toBe(true);
  });

  it('a deployment: its latest release', async () => {
    let some = 0;
    for (const deployment of all.deployment.filter(({ connection }) =>
      holders.release.includes(connection.id),
    )) {
      const { data, pagination } = await list(stack, `/v1/deployments/${deployment.id}/releases?limit=1`);
      const [latest] = data;
      some += pagination.total;
      expect(deployment['latest_release']).toEqual(
        latest ? { id: latest.id, status: latest['status'], created_at: latest.created_at } : null,
      );
    }
    const fleet = ['fm-east', 'fm-west'];
    expect(some).toBe(sizeOf('release', fleet) + sizeOf('deployment', ['apps'])); // an app's deployment is its own release
  });
});

describe('ETag', () => {
  it('makes 304 of a list that is as it was, without a body', async () => {
    for (const { path } of everyList()) {
      const { headers } = await stack.ask(path);
      const etag = headers['etag'] as string;
      for (const given of [etag, etag.replace('W/', ''), `"other", ${etag}`, '*']) {
        const again = await stack.ask(path, { headers: { 'if-none-match': given } });
        expect(again).toMatchObject({ status: 304, text: '' });
        expect(again.headers).toMatchObject({ etag, vary: 'Authorization', 'x-fleetgate-complete': 'true' });
        expect(again.headers['x-request-id']).toBeDefined();
      }
      const other = await stack.ask(path, { headers: { 'if-none-match': '"other"' } });
      expect(other.status).toBe(200);
    }
  });

  it('differs between lists, filters, pages and forms', async () => {
    const paths = ['/v1/clusters', '/v1/projects', '/v1/clusters?limit=5', '/v1/clusters?limit=5&page=2'];
    paths.push('/v1/clusters?limit=5&include=native', '/v1/clusters?limit=5&sort=-name');
    const tags = await Promise.all(paths.map(async (path) => (await stack.ask(path)).headers['etag']));
    expect(new Set(tags).size).toBe(paths.length);
  });

  it('changes with any row of the list, and with none of another', async () => {
    const before = (await stack.ask('/v1/cluster-groups')).headers['etag'] as string;
    const projects = (await stack.ask('/v1/projects')).headers['etag'] as string;
    const [key] = stack.upstream('fm-west').control.add('cluster_group', 1);
    const refreshed = await stack.ask('/v1/cluster-groups?connection=fm-west&max_stale=0');
    expect(listOf(refreshed).pagination.total).toBe(sizeOf('cluster_group', ['fm-west']));
    const after = await stack.ask('/v1/cluster-groups', { headers: { 'if-none-match': before } });
    expect(after.status).toBe(200);
    expect(listOf(after).pagination.total).toBe(sizeOf('cluster_group'));
    const same = await stack.ask('/v1/projects', { headers: { 'if-none-match': projects } });
    expect(same.status).toBe(304);
    stack.upstream('fm-west').control.remove('cluster_group', key as string);
  });
});
