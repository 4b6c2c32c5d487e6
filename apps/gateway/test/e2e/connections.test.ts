import { decodeId, ErrorBody, type Kind, kinds } from '@fleetgate/model';
import { facetOf } from '@fleetgate/provider-spec';
import { z } from 'zod';
import { ConnectionFacts, ConnectionTest } from '../../src/connections/connection-reports.ts';
import { eventually, everyPlatform, type Stack, startStack } from './stack.ts';
import { holders, list, listPaths } from './walking.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
  await stack.reach('fresh');
});
afterAll(() => stack?.close());

type Facts = z.infer<typeof ConnectionFacts>;
const facts = async (slug: string) => {
  const { body } = await stack.ask(`/v1/connections/${slug}`);
  return (body as { data: Facts }).data;
};
const post = (path: string) => stack.ask(path, { method: 'POST' });

describe('/v1/connections', () => {
  it('lists every connection in the order of their names, page by page', async () => {
    const strict = z.strictObject(ConnectionFacts.shape);
    const { body } = await stack.ask('/v1/connections');
    const { data, pagination, sources } = body as { data: Facts[]; pagination: unknown; sources: unknown[] };
    expect(data.map((one) => strict.parse(one).id)).toEqual(everyPlatform.map(({ slug }) => slug));
    expect({ pagination, sources }).toEqual({
      pagination: { page: 1, limit: 20, total: 6, pages: 1, next_cursor: null },
      sources: [],
    });
    const second = (await stack.ask('/v1/connections?limit=4&page=2')).body as { data: Facts[] };
    // How old the inventory is changes from one look to the next.
    const lasting = (all: Facts[]) => all.map(({ health: _, ...others }) => others);
    expect(lasting(second.data)).toEqual(lasting(data.slice(4)));
    expect(((await stack.ask('/v1/connections?page=9')).body as { data: Facts[] }).data).toEqual([]);
  });

  it('tells of each its platform, its team, what it can do and how fresh each kind is', async () => {
    for (const { slug, upstream, team = null } of everyPlatform) {
      const { id, provider, team: told, capabilities, sync } = await facts(slug);
      expect({ id, provider, told }).toEqual({ id: slug, provider: upstream, told: team });
      const held = kinds.filter((kind: Kind) => holders[kind].includes(slug));
      expect(Object.keys(capabilities).sort()).toEqual(
        ['account', ...held.map((kind) => facetOf[kind])].sort(),
      );
      expect(Object.keys(sync.kinds)).toEqual(held);
      for (const state of Object.values(sync.kinds)) {
        expect(state).toEqual({ state: 'fresh', observed_at: expect.stringMatching(/Z$/) });
      }
      expect(sync.interval_seconds).toBe(3600);
    }
  });

  it('cannot change what stands in the file, and says where that can be done', async () => {
    const send = (method: string, path: string, body?: object) =>
      stack.ask(`/v1/connections/${path}`, {
        method,
        ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
      });
    for (const answer of [
      await send('PUT', 'fm-east', { settings: {} }),
      await send('PATCH', 'fm-east', { team: null }),
      await send('POST', 'fm-east/rotate-secret', { settings: { apiKey: 'another' } }),
      await send('DELETE', 'fm-east'),
    ]) {
      const { code, message } = ErrorBody.parse(answer.body).error;
      expect({ status: answer.status, code }).toEqual({ status: 409, code: 'conflict' });
      expect(message).toContain('comes from the file of connections');
    }
    const settings = { baseUrl: 'http://127.0.0.1:1', apiKey: 'another' };
    const again = await send('POST', '', {
      slug: 'fm-east',
      provider: 'fleet-manager',
      team: null,
      settings,
    });
    expect(ErrorBody.parse(again.body).error.details).toEqual([{ field: 'slug', message: 'is taken' }]);
    expect(await facts('fm-east')).toMatchObject({
      origin: 'file',
      settings: null,
      secrets: null,
      team: 'edge',
    });
  });

  it('tells nothing of settings', async () => {
    const { text } = await stack.ask('/v1/connections?limit=100');
    for (const secret of stack.secrets) expect(text).not.toContain(secret);
    expect(text).not.toMatch(/127\.0\.0\.1|apiKey|password|emailId|baseUrl/);
  });
});

describe('POST /v1/connections/{id}/test', () => {
  it('asks every upstream once more whether it takes our credentials', async () => {
    for (const { slug } of everyPlatform) {
      stack.upstream(slug).control.forget();
      const answer = await post(`/v1/connections/${slug}/test`);
      expect(answer.status).toBe(200);
      expect(
        z.strictObject(ConnectionTest.shape).parse((answer.body as { data: unknown }).data),
      ).toMatchObject({
        ok: true,
        error: null,
      });
      expect(stack.upstream(slug).control.requests().length).toBeGreaterThan(0);
    }
  });

  it('tells why it does not, which is an answer and no error', async () => {
    const { control } = stack.upstream('apps');
    control.inject({ fault: { kind: 'expired_token' } });
    const answer = await post('/v1/connections/apps/test');
    control.clear();
    expect(answer.status).toBe(200);
    expect((answer.body as { data: unknown }).data).toMatchObject({
      ok: false,
      account: null,
      error: { code: 'upstream_auth_failed', message: expect.stringMatching(/^apps: /) },
    });
  });
});

describe('POST /v1/connections/{id}/sync', () => {
  it('is 202, and soon the lists show what has changed upstream', async () => {
    const { control } = stack.upstream('fm-east');
    const before = await facts('fm-east');
    const [added = ''] = control.add('cluster', 1);
    control.touch('cluster', added, { name: 'seen-by-a-sync' });
    const answer = await post('/v1/connections/fm-east/sync');
    expect(answer.status).toBe(202);
    expect((answer.body as { data: unknown }).data).toEqual({ connection: 'fm-east', state: 'requested' });
    const found = async () => (await list(stack, '/v1/clusters?q=seen-by-a-sync')).pagination.total;
    await eventually('the new cluster is listed', async () => (await found()) === 1);
    await eventually('the sync is noted', async () => {
      const { sync } = await facts('fm-east');
      return Object.entries(sync.kinds).every(
        ([kind, { observed_at }]) => (observed_at ?? '') > (before.sync.kinds[kind]?.observed_at ?? ''),
      );
    });
    control.remove('cluster', added);
    await post('/v1/connections/fm-east/sync');
    await eventually('it is out again', async () => (await found()) === 0);
  });

  /** Removes all but three of what a list shows. */
  async function removeMost(slug: string, kind: 'project' | 'cluster'): Promise<number> {
    const { data } = await list(stack, `${listPaths[kind]}?connection=${slug}&limit=100`);
    for (const { id } of data.slice(3)) {
      expect(stack.upstream(slug).control.remove(kind, decodeId(id)?.key.at(-1) as string)).toBe(true);
    }
    return data.length;
  }
  const totalOf = async (slug: string, kind: 'project' | 'cluster') =>
    (await list(stack, `${listPaths[kind]}?connection=${slug}`)).pagination.total;

  it('believes an upstream that suddenly has next to nothing only when it says so twice', async () => {
    const known = await removeMost('apps', 'project');
    await post('/v1/connections/apps/sync');
    const state = async () => (await facts('apps')).sync.kinds['project'];
    await eventually('it is suspected', async () => (await state())?.state === 'failing');
    expect((await state())?.error?.code).toBe('mass_deletion_suspected');
    expect(await totalOf('apps', 'project')).toBe(known);
    const incomplete = await stack.ask('/v1/projects?require=apps');
    expect(ErrorBody.parse(incomplete.body).error.code).toBe('incomplete');

    await post('/v1/connections/apps/sync');
    await eventually('it is believed', async () => (await totalOf('apps', 'project')) === 3);
    await eventually('it is well', async () => (await state())?.state === 'fresh');
  });

  it('believes it at once when told to', async () => {
    expect(await removeMost('fm-east', 'cluster')).toBeGreaterThan(20);
    await post('/v1/connections/fm-east/sync?confirm=true');
    const states = new Set<string | undefined>();
    await eventually('it is believed', async () => {
      states.add((await facts('fm-east')).sync.kinds['cluster']?.state);
      return (await totalOf('fm-east', 'cluster')) === 3;
    });
    expect([...states]).toEqual(['fresh']);
  });
});
