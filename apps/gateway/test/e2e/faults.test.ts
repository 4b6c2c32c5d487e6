import { ErrorBody, encodeId } from '@fleetgate/model';
import type { Fault, Upstream, UpstreamName } from '@fleetgate/sandbox';
import { eventually, type Plan, type Stack, startStack } from './stack.ts';
import { byCursor, type Item, list, listOf } from './walking.ts';

const everySecond = { syncIntervalMs: 1000, scale: 20 };

/** What goes wrong at each victim, and how its state is then told. All go wrong at once. */
const victims: [slug: string, upstream: UpstreamName, fault: Fault, code: string][] = [
  ['v-cut-off', 'fleet-manager', { kind: 'reset' }, 'upstream_unavailable'],
  ['v-fails', 'kubestellar-toolkit', { kind: 'status', status: 500 }, 'upstream_error'],
  ['v-garbage', 'palette', { kind: 'not_json' }, 'upstream_error'],
  ['v-half', 'app-platform', { kind: 'half_body' }, 'upstream_unavailable'],
  ['v-hangs', 'chimestack', { kind: 'hang' }, 'upstream_timeout'],
  ['v-refuses', 'app-platform', { kind: 'expired_token' }, 'upstream_auth_failed'],
  ['v-shape', 'fleet-manager', { kind: 'wrong_shape' }, 'upstream_error'],
  ['v-throttles', 'palette', { kind: 'rate_limited', retryAfterSeconds: 4 }, 'upstream_rate_limited'],
];
const slugsOf = (all: readonly (readonly [string, ...unknown[]])[]) => all.map(([slug]) => slug);
const broken = slugsOf(victims);

/** One of each platform, to which nothing happens. */
const healthy: [string, UpstreamName][] = [
  ['h-apps', 'app-platform'],
  ['h-chime', 'chimestack'],
  ['h-fm', 'fleet-manager'],
  ['h-palette', 'palette'],
  ['h-toolkit', 'kubestellar-toolkit'],
];

const plans: Plan[] = [
  ...victims.map(([slug, upstream]) => ({ slug, upstream, seed: slug, ...everySecond })),
  ...healthy.map(([slug, upstream]) => ({ slug, upstream, seed: slug, ...everySecond })),
  {
    slug: 'down-at-boot',
    upstream: 'chimestack',
    ...everySecond,
    before: ({ control }) => control.inject({ fault: { kind: 'reset' } }),
  },
];

let stack: Stack;
const paths = ['/v1/projects', '/v1/clusters', '/v1/cluster-groups', '/v1/deployments'];
const others = () => [...broken, ...slugsOf(healthy)];
const ids = (items: readonly Item[]) => items.map(({ id }) => id);

beforeAll(async () => {
  stack = await startStack(plans);
});
afterAll(() => stack?.close());

describe('an upstream that is down at boot', () => {
  it('keeps nobody waiting: the others are there, and it is said to be missing', async () => {
    await stack.reach('fresh', others());
    await stack.reach('failing', ['down-at-boot']);
    const answer = await stack.ask('/v1/clusters?limit=100');
    expect(answer.headers['x-fleetgate-complete']).toBe('false');
    const { sources, data } = listOf(answer);
    expect(new Set(data.map(({ connection }) => connection.id)).has('h-chime')).toBe(true);
    for (const { connection, state, observed_at, error } of sources) {
      if (connection !== 'down-at-boot')
        expect({ connection, state, error }).toEqual({ connection, state: 'fresh' });
      else
        expect({ state, observed_at, error }).toMatchObject({
          state: 'failing',
          observed_at: null,
          error: { code: 'upstream_unavailable' },
        });
    }
  });

  it('makes a list of nothing else an error instead of an empty list', async () => {
    const answer = await stack.ask('/v1/clusters?connection=down-at-boot');
    expect(answer.status).toBe(503);
    expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    const { error } = ErrorBody.parse(answer.body);
    expect(error).toMatchObject({ code: 'incomplete', details: [{ field: 'down-at-boot' }] });
  });

  it('is in the lists by itself as soon as it is up', async () => {
    const { control } = stack.upstream('down-at-boot');
    control.clear();
    await stack.reach('fresh', ['down-at-boot']);
    const answer = await stack.ask('/v1/clusters?connection=down-at-boot');
    expect(answer.headers['x-fleetgate-complete']).toBe('true');
    expect(listOf(answer).pagination.total).toBe(control.size('cluster'));
  });
});

describe('while eight upstreams go wrong in eight ways', () => {
  let before: Map<string, Item[]>;
  const clusterOf = (slug: string) =>
    before.get('/v1/clusters')?.find(({ connection }) => connection.id === slug) as Item;

  beforeAll(async () => {
    before = new Map(
      await Promise.all(paths.map(async (path) => [path, await byCursor(stack, path)] as const)),
    );
    for (const [slug, , fault] of victims) stack.upstream(slug).control.inject({ fault });
    await stack.reach('failing', broken);
  });

  it('each is told to be failing, with its own reason and since when it is not known any more', async () => {
    const { sources } = await list(stack, '/v1/deployments');
    const { sources: ofClusters } = await list(stack, '/v1/clusters');
    for (const [slug, upstream, , code] of victims) {
      const source = [...sources, ...ofClusters].find(({ connection }) => connection === slug);
      expect(source).toMatchObject({
        provider: upstream,
        state: 'failing',
        observed_at: expect.any(String),
        error: { code, message: expect.stringMatching(/./) },
      });
    }
  });

  it('the lists hold all that was known, in whole, and say that they are not complete', async () => {
    for (const path of paths) {
      expect(ids(await byCursor(stack, path))).toEqual(ids(before.get(path) ?? []));
      const answer = await stack.ask(path);
      expect(answer.headers['x-fleetgate-complete']).toBe('false');
      for (const { connection, state } of listOf(answer).sources) {
        expect({ connection, state }).toEqual({
          connection,
          state: broken.includes(connection) ? 'failing' : 'fresh',
        });
      }
    }
  });

  it('a list of what is well is complete', async () => {
    for (const [slug, upstream] of healthy) {
      const path = upstream === 'app-platform' ? '/v1/projects' : '/v1/clusters';
      const { headers } = await stack.ask(`${path}?connection=${slug}`);
      expect(headers['x-fleetgate-complete']).toBe('true');
    }
  });

  it('require=complete is 503 and names who is missing; requiring those that are well is not', async () => {
    for (const required of ['complete', 'v-hangs', 'h-fm,v-hangs']) {
      const answer = await stack.ask(`/v1/clusters?require=${required}`);
      expect(answer.status).toBe(503);
      expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
      const { error } = ErrorBody.parse(answer.body);
      expect(error.code).toBe('incomplete');
      expect(error.details.map(({ field }) => field)).toContain('v-hangs');
      expect(error.details.map(({ field }) => field)).not.toContain('h-fm');
    }
    expect((await stack.ask('/v1/clusters?require=h-fm,%20h-chime')).status).toBe(200);
    expect((await stack.ask('/v1/clusters?connection=h-fm&require=complete')).status).toBe(200);
  });

  it('a search that finds nothing where nobody can answer is no empty list', async () => {
    const answer = await stack.ask('/v1/clusters?connection=v-hangs&q=nothing-has-this-name');
    expect(answer.status).toBe(503);
    expect(ErrorBody.parse(answer.body).error.code).toBe('incomplete');
    expect((await stack.ask('/v1/clusters?connection=v-hangs')).status).toBe(200);
    const well = await stack.ask('/v1/clusters?q=nothing-has-this-name');
    expect(listOf(well).data).toEqual([]);
  });

  it('those that are well are read live while others hang, and are done before them', async () => {
    const done: string[] = [];
    const live = async (slug: string) => {
      const answer = await stack.ask(`/v1/clusters/${clusterOf(slug).id}?max_stale=0`);
      done.push(slug);
      return answer;
    };
    const [hanging, ...rest] = await Promise.all(
      ['v-hangs', 'h-chime', 'h-fm', 'h-palette', 'h-toolkit'].map(live),
    );
    expect(done.at(-1)).toBe('v-hangs');
    expect(hanging?.body).toMatchObject({ source: { state: 'stale', error: { code: 'upstream_timeout' } } });
    for (const answer of rest) expect(answer.body).toMatchObject({ source: { state: 'fresh' } });
  });

  it('max_stale=0 shows what is new at those that are well, and is not held up by the others', async () => {
    const [key = ''] = stack.upstream('h-fm').control.add('cluster', 1);
    const id = encodeId('cluster', 'h-fm', [key]);
    const answer = await stack.ask('/v1/clusters?max_stale=0&limit=100');
    expect(answer.headers['x-fleetgate-complete']).toBe('false');
    expect(ids(listOf(answer).data)).toContain(id);
    stack.upstream('h-fm').control.remove('cluster', key);
    expect(ids((await list(stack, '/v1/clusters?max_stale=0&limit=100')).data)).not.toContain(id);
    expect((await stack.ask('/v1/clusters?max_stale=60&connection=h-fm')).status).toBe(200);
  });

  it('a test of each connection tells what is wrong with it', async () => {
    const results = await Promise.all(
      [...victims, ...healthy].map(async ([slug]) => {
        const { status, body } = await stack.ask(`/v1/connections/${slug}/test`, { method: 'POST' });
        const { ok, error } = (body as { data: { ok: boolean; error: { code: string } | null } }).data;
        return [slug, status, ok, error?.code ?? null];
      }),
    );
    expect(results).toEqual([
      ...victims.map(([slug, , , code]) => [slug, 200, false, code]),
      ...healthy.map(([slug]) => [slug, 200, true, null]),
    ]);
  });

  it('the gateway is degraded, and ready all the same', async () => {
    expect((await stack.ask('/v1/health', { key: null })).body).toMatchObject({ status: 'degraded' });
    expect((await stack.ask('/readyz', { key: null })).status).toBe(200);
  });

  it('all of them are well again by themselves, with nothing lost', async () => {
    for (const [slug] of victims) stack.upstream(slug).control.clear();
    await stack.reach('fresh', broken);
    for (const path of paths) {
      const answer = await stack.ask(`${path}?require=complete`);
      expect(answer.headers['x-fleetgate-complete']).toBe('true');
      expect(listOf(answer).sources.some(({ error }) => error !== undefined)).toBe(false);
      expect(ids(await byCursor(stack, path))).toEqual(ids(before.get(path) ?? []));
    }
    expect((await stack.ask('/v1/health', { key: null })).body).toMatchObject({ status: 'ok' });
  });
});

describe('an upstream that dies in the middle of a walk', () => {
  let own: Stack;
  beforeAll(async () => {
    own = await startStack([{ slug: 'fm', upstream: 'fleet-manager', scale: 1500, syncIntervalMs: 1000 }]);
    await own.reach('fresh');
  });
  afterAll(() => own?.close());

  it('loses nothing: what was read is shown, what was not read stays, and what is gone goes with the walk that ends', async () => {
    const { control } = own.upstream('fm');
    const all = await byCursor(own, '/v1/clusters');
    expect(all.length).toBe(control.size('cluster'));
    expect(all.length).toBeGreaterThan(400); // three pages of the upstream
    const [first, last] = await endsOf(own.upstream('fm'));

    control.inject({ fault: { kind: 'reset' }, match: { path: '/clusters$' }, skip: 1 });
    control.touch('cluster', first, { name: 'read-before-it-died' });
    control.remove('cluster', last);
    const state = async () => (await list(own, '/v1/clusters?limit=1')).sources[0];
    await eventually('the walk breaks off', async () => (await state())?.state === 'failing');
    const found = await list(own, '/v1/clusters?q=read-before-it-died');
    expect(found.data).toHaveLength(1);
    expect(found.pagination.total).toBe(1);
    expect((await list(own, '/v1/clusters')).pagination.total).toBe(all.length);
    expect((await list(own, '/v1/deployments')).sources[0]?.state).toBe('fresh');

    control.clear();
    await eventually('a walk ends', async () => (await state())?.state === 'fresh');
    await eventually(
      'what is gone is out',
      async () => (await list(own, '/v1/clusters')).pagination.total === all.length - 1,
    );
    const left = await byCursor(own, '/v1/clusters');
    expect(new Set(ids(left)).size).toBe(control.size('cluster'));
  });
});

/** Keys of the first and the last cluster that a Fleet Manager lists and that is not marked as deleted. */
async function endsOf({ baseUrl, credentials, control }: Upstream): Promise<[string, string]> {
  const page = async (offset: number) => {
    const url = `${baseUrl}/clusters?limit=200&offset=${offset}`;
    const response = await fetch(url, { headers: { 'api-key': credentials['apiKey'] ?? '' } });
    const { items } = (await response.json()) as { items: { id: string; deletedAt?: string | null }[] };
    return items.filter(({ deletedAt }) => !deletedAt).map(({ id }) => id);
  };
  const [head, tail] = [await page(0), await page(control.size('cluster') - 50)];
  return [head[0] as string, tail.at(-1) as string];
}

describe('after all of it', () => {
  it('no credential has been in any answer or log line, whatever went wrong', () => {
    const tokens = new Set(stack.secrets);
    for (const slug of [...others(), 'down-at-boot']) {
      for (const { headers, body } of stack.upstream(slug).control.requests()) {
        for (const name of ['authorization', 'api-key', 'apikey', 'x-api-key']) {
          const token = headers[name]?.replace(/^Bearer /, '');
          if (token) tokens.add(token);
        }
        const { password } = (body ?? {}) as { password?: string };
        if (password && password.length > 8) tokens.add(password);
      }
    }
    expect(tokens.size).toBeGreaterThanOrEqual(6); // the root key, the five upstreams' secrets, and sessions
    const said = [...stack.answers, ...stack.log];
    expect(said.length).toBeGreaterThan(100);
    for (const token of tokens) {
      const leak = said.find((text) => text.includes(token));
      expect({ leak }).toEqual({ leak: undefined });
    }
  });
});
