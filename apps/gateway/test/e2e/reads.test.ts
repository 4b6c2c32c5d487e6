import { setTimeout as sleep } from 'node:timers/promises';
import {
  decodeId,
  ErrorBody,
  encodeId,
  type Kind,
  oneAnswer,
  resourceSchemas,
  Source,
} from '@fleetgate/model';
import type { Fault, FaultRule } from '@fleetgate/sandbox';
import { z } from 'zod';
import { type Answer, eventually, type Stack, startStack } from './stack.ts';
import { holders, type Item, list } from './walking.ts';

const onePaths: Record<Kind, string> = {
  project: '/v1/projects',
  cluster: '/v1/clusters',
  cluster_group: '/v1/cluster-groups',
  deployment: '/v1/deployments',
  release: '/v1/releases',
};
const kinds = Object.keys(onePaths) as Kind[];

interface One {
  data: Item;
  source: Source;
  requestId: string;
}

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
  await stack.reach('fresh');
});
afterAll(() => stack?.close());
afterEach(() => {
  for (const { control } of ['apps', 'chime', 'fm-east', 'fm-west', 'palette-eu', 'toolkit'].map((slug) =>
    stack.upstream(slug),
  )) {
    control.clear();
    control.forget();
  }
});

function oneOf({ status, text, body }: Answer): One {
  if (status !== 200) throw new Error(`answered ${status}: ${text}`);
  return body as One;
}
const read = async (path: string) => oneOf(await stack.ask(path));

/** Some resources of that kind at that connection, as a list shows them. */
async function some(kind: Kind, slug: string, most = 3): Promise<Item[]> {
  if (kind !== 'release') {
    return (await list(stack, `${onePaths[kind]}?connection=${slug}&limit=${most}`)).data;
  }
  for (const { id } of (await list(stack, `/v1/deployments?connection=${slug}&limit=100`)).data) {
    const { data } = await list(stack, `/v1/deployments/${id}/releases?limit=${most}`);
    if (data.length > 0) return data;
  }
  throw new Error(`${slug} has no release`);
}

const keyOf = ({ id }: Item) => decodeId(id)?.key.at(-1) as string;
const asked = (slug: string) => stack.upstream(slug).control.requests();
const withoutTime = ({ observed_at: _, ...rest }: Item) => rest;

/** A cluster of that connection that no other test has touched. */
let taken = 0;
async function freshCluster(slug = 'fm-east'): Promise<Item> {
  const { data } = await list(stack, `/v1/clusters?connection=${slug}&limit=100&sort=created_at`);
  return data[taken++] as Item;
}

describe('a resource by its id', () => {
  it.each(kinds)('%s: live it is what the list shows, from every platform that has one', async (kind) => {
    for (const slug of holders[kind]) {
      for (const item of await some(kind, slug)) {
        const answer = await stack.ask(`${onePaths[kind]}/${item.id}?max_stale=0`);
        const { data, source } = oneOf(answer);
        expect(withoutTime(data)).toEqual(withoutTime(item));
        expect(source).toMatchObject({
          connection: slug,
          provider: item.connection.provider,
          state: 'fresh',
        });
        expect(data['observed_at']).toBe(source.observed_at);
        const schema = z.strictObject({
          ...oneAnswer(resourceSchemas[kind]).shape,
          source: z.strictObject(Source.shape),
          data: z.strictObject(resourceSchemas[kind].shape as z.ZodRawShape),
        });
        expect(schema.safeParse(answer.body).error?.issues).toBeUndefined();
        expect(answer.text.endsWith(`,"requestId":"${answer.headers['x-request-id']}"}`)).toBe(true);
        expect(answer.headers).toMatchObject({ 'cache-control': 'private, no-cache', vary: 'Authorization' });
      }
    }
  });

  it("carries the upstream's own object when asked, cached and live", async () => {
    for (const slug of holders.cluster) {
      const [item] = await some('cluster', slug, 1);
      for (const how of ['cached=true', 'max_stale=0']) {
        const { data } = await read(`/v1/clusters/${item?.id}?include=native&${how}`);
        const { native, ...rest } = data;
        expect(Object.keys(native as object).length).toBeGreaterThan(0);
        expect(withoutTime(rest as Item)).toEqual(withoutTime(item as Item));
      }
    }
  });

  it('answers HEAD with the headers of GET and no body', async () => {
    const { id } = await freshCluster();
    const headers = { 'x-request-id': 'same-id-for-both' };
    const get = await stack.ask(`/v1/clusters/${id}?cached=true`, { headers });
    const head = await stack.ask(`/v1/clusters/${id}?cached=true`, { headers, method: 'HEAD' });
    const { etag, 'content-length': length, 'content-type': type } = get.headers;
    expect(head).toMatchObject({ status: 200, text: '', headers: { etag, 'content-type': type } });
    expect(head.headers['content-length']).toBe(length);
  });
});

describe('how old it may be', () => {
  it('is never asked of the upstream when cached=true, whatever max_stale says', async () => {
    const { id } = await freshCluster();
    stack.upstream('fm-east').control.forget();
    for (const query of ['cached=true', 'cached=true&max_stale=0']) {
      expect((await read(`/v1/clusters/${id}?${query}`)).source.state).toBe('fresh');
    }
    expect(asked('fm-east')).toEqual([]);
  });

  it('is the copy when that is young enough, and the upstream when it is not', async () => {
    const { id } = await freshCluster();
    await read(`/v1/clusters/${id}?max_stale=0`);
    stack.upstream('fm-east').control.forget();
    const copy = await read(`/v1/clusters/${id}`); // 5 seconds by default
    await read(`/v1/clusters/${id}?max_stale=86400`);
    expect(asked('fm-east')).toEqual([]);
    await sleep(1100);
    const anew = await read(`/v1/clusters/${id}?max_stale=1`);
    expect(asked('fm-east')).toHaveLength(1);
    expect((anew.source.observed_at as string) > (copy.source.observed_at as string)).toBe(true);
    await read(`/v1/clusters/${id}?max_stale=1`);
    expect(asked('fm-east')).toHaveLength(1);
  });

  it('is as the upstream has it now with max_stale=0, and from then on in the lists too', async () => {
    const cluster = await freshCluster();
    stack.upstream('fm-east').control.touch('cluster', keyOf(cluster), { name: 'renamed-a-moment-ago' });
    expect((await read(`/v1/clusters/${cluster.id}?cached=true`)).data.name).toBe(cluster.name);
    expect((await read(`/v1/clusters/${cluster.id}?max_stale=0`)).data.name).toBe('renamed-a-moment-ago');
    const found = await list(stack, '/v1/clusters?q=Renamed-a-moment');
    expect(found.data.map(({ id }) => id)).toEqual([cluster.id]);
    expect((await read(`/v1/clusters/${cluster.id}?cached=true`)).data.name).toBe('renamed-a-moment-ago');
  });

  it('is an object that no list has shown yet, as soon as somebody asks for it', async () => {
    const [key = ''] = stack.upstream('fm-west').control.add('cluster', 1);
    const id = encodeId('cluster', 'fm-west', [key]);
    const before = (await list(stack, '/v1/clusters?connection=fm-west')).pagination.total;
    expect((await stack.ask(`/v1/clusters/${id}?cached=true`)).status).toBe(404);
    expect((await read(`/v1/clusters/${id}`)).data.id).toBe(id);
    expect((await list(stack, '/v1/clusters?connection=fm-west')).pagination.total).toBe(before + 1);
  });

  it('is 404 once the upstream has it no more, and out of the lists', async () => {
    const cluster = await freshCluster();
    const before = (await list(stack, '/v1/clusters')).pagination.total;
    stack.upstream('fm-east').control.remove('cluster', keyOf(cluster));
    expect((await read(`/v1/clusters/${cluster.id}?cached=true`)).data.id).toBe(cluster.id);
    for (const query of ['max_stale=0', 'cached=true', '']) {
      const answer = await stack.ask(`/v1/clusters/${cluster.id}?${query}`);
      expect(answer.status).toBe(404);
      expect(ErrorBody.parse(answer.body).error.code).toBe('not_found');
    }
    const after = await list(stack, '/v1/clusters?connection=fm-east&limit=100');
    expect(after.data.map(({ id }) => id)).not.toContain(cluster.id);
    expect((await list(stack, '/v1/clusters')).pagination.total).toBe(before - 1);
    taken -= 1; // it has left the list that `freshCluster` counts along
  });
});

describe('calls upstream', () => {
  it('are one for fifty callers at once, all with the same answer under their own request ids', async () => {
    const { id } = await freshCluster();
    const { control } = stack.upstream('fm-east');
    control.forget();
    control.inject({ fault: { kind: 'latency', ms: 400 }, match: { path: '/clusters/' } });
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) =>
        stack.ask(`/v1/clusters/${id}?max_stale=0`, {
          headers: { 'x-request-id': `caller-number-${index}` },
        }),
      ),
    );
    expect(asked('fm-east')).toHaveLength(1);
    expect(new Set(answers.map((answer) => JSON.stringify(oneOf(answer).data))).size).toBe(1);
    expect(new Set(answers.map((answer) => oneOf(answer).requestId)).size).toBe(50);
  });

  it('carry the request id and the trace of the caller, and none of its credentials', async () => {
    const { id } = await freshCluster();
    const trace = '0af7651916cd43dd8448eb211c80319c';
    stack.upstream('fm-east').control.forget();
    await stack.ask(`/v1/clusters/${id}?max_stale=0`, {
      headers: {
        'x-request-id': 'story-of-one-call',
        traceparent: `00-${trace}-b7ad6b7169203331-01`,
        cookie: 'session=callers-own',
      },
    });
    const [request] = asked('fm-east');
    expect(request?.headers['x-request-id']).toBe('story-of-one-call');
    expect(request?.headers['traceparent']).toMatch(
      new RegExp(`^00-${trace}-(?!b7ad6b7169203331)[0-9a-f]{16}-01$`),
    );
    const sent = JSON.stringify(request?.headers);
    expect(sent).not.toContain(stack.rootKey);
    expect(sent).not.toContain('callers-own');
  });
});

describe('while the upstream cannot answer', () => {
  /** What is injected, and what a caller hears. */
  const failures: [string, Fault, number, string][] = [
    ['is cut off', { kind: 'reset' }, 503, 'upstream_unavailable'],
    ['hangs', { kind: 'hang' }, 504, 'upstream_timeout'],
    ['answers half', { kind: 'half_body' }, 503, 'upstream_unavailable'],
    ['answers garbage', { kind: 'not_json' }, 502, 'upstream_error'],
    ['answers another shape', { kind: 'status', status: 200, body: [] }, 502, 'upstream_error'],
    ['answers without end', { kind: 'huge', bytes: 20 * 2 ** 20 }, 502, 'upstream_error'],
    ['fails', { kind: 'status', status: 500 }, 502, 'upstream_error'],
    ['is overloaded', { kind: 'status', status: 503 }, 502, 'upstream_error'],
    ['refuses our credentials', { kind: 'expired_token' }, 502, 'upstream_auth_failed'],
    ['forbids it', { kind: 'status', status: 403 }, 502, 'upstream_auth_failed'],
    ['has had enough of us', { kind: 'rate_limited', retryAfterSeconds: 1 }, 503, 'upstream_rate_limited'],
  ];

  /** Its health page asks for no credentials, so there is nothing to refuse. */
  const ruleOf = (fault: Fault): FaultRule =>
    fault.kind === 'expired_token' ? { fault, match: { path: '^(?!.*/health)' } } : { fault };

  it.each(failures)('it %s: the older copy, marked as stale, with the reason', async (_, fault, __, code) => {
    const cluster = await freshCluster();
    stack.upstream('fm-east').control.inject(ruleOf(fault));
    const { data, source } = await read(`/v1/clusters/${cluster.id}?max_stale=0`);
    expect(withoutTime(data)).toEqual(withoutTime(cluster));
    expect(source).toMatchObject({ connection: 'fm-east', state: 'stale', error: { code } });
    expect(source.error?.message).toMatch(/^fm-east: /);
    expect(source.observed_at).toBe(data['observed_at']);
    stack.upstream('fm-east').control.clear();
    await eventually('it is read live again', async () => {
      const { source: now } = await read(`/v1/clusters/${cluster.id}?max_stale=0`);
      return now.state === 'fresh' && now.error === undefined;
    });
  });

  it.each(failures)(
    'it %s: an error that names it, where there is no copy',
    async (_, fault, status, code) => {
      stack.upstream('fm-west').control.inject(ruleOf(fault));
      const id = encodeId('cluster', 'fm-west', ['6ffa2b39-4a6c-4b0b-a27e-76f8bc0b3a6c']);
      const answer = await stack.ask(`/v1/clusters/${id}`);
      const { error } = ErrorBody.parse(answer.body);
      expect({ status: answer.status, code: error.code }).toEqual({ status, code });
      expect(error.source).toMatchObject({ connection: 'fm-west', provider: 'fleet-manager' });
      if (status === 503) expect(Number(answer.headers['retry-after'])).toBeGreaterThanOrEqual(1);
      stack.upstream('fm-west').control.clear();
      await eventually('it is asked again', async () => {
        return (await stack.ask(`/v1/clusters/${id}`)).status === 404;
      });
    },
  );
});

describe('ETag of one', () => {
  it('makes 304 as long as the resource is as it was, however often it was asked for anew', async () => {
    const cluster = await freshCluster();
    const path = `/v1/clusters/${cluster.id}`;
    const { headers } = await stack.ask(`${path}?max_stale=0`);
    const etag = headers['etag'] as string;
    for (const query of ['max_stale=0', 'cached=true', '']) {
      const again = await stack.ask(`${path}?${query}`, { headers: { 'if-none-match': etag } });
      expect(again).toMatchObject({ status: 304, text: '', headers: { etag } });
    }
    const native = await stack.ask(`${path}?include=native`, { headers: { 'if-none-match': etag } });
    expect(native.status).toBe(200);
    stack.upstream('fm-east').control.touch('cluster', keyOf(cluster), { name: 'changed-since' });
    const changed = await stack.ask(`${path}?max_stale=0`, { headers: { 'if-none-match': etag } });
    expect(oneOf(changed).data.name).toBe('changed-since');
    expect(changed.headers['etag']).not.toBe(etag);
  });

  it('of a project changes with its deployments, which it tells of', async () => {
    const { data } = await list(stack, '/v1/projects?connection=fm-east&limit=100');
    const project = data.find(({ deployments }) => (deployments as { total: number }).total > 0) as Item;
    const path = `/v1/projects/${project.id}?cached=true`;
    const etag = (await stack.ask(path)).headers['etag'] as string;
    const [deployment] = (await list(stack, `/v1/projects/${project.id}/deployments`)).data;
    stack.upstream('fm-east').control.remove('deployment', keyOf(deployment as Item));
    expect((await stack.ask(`/v1/deployments/${deployment?.id}?max_stale=0`)).status).toBe(404);
    const after = await stack.ask(path, { headers: { 'if-none-match': etag } });
    expect(after.status).toBe(200);
    const { total } = project['deployments'] as { total: number };
    expect(oneOf(after).data['deployments']).toMatchObject({ total: total - 1 });
  });
});
