import { encodeId, type Kind, kinds } from '@fleetgate/model';
import { type Answer, type Stack, startStack } from '../e2e/stack.ts';
import { list, listPaths } from '../e2e/walking.ts';
import { type Caller, dataOf, errorOf, World } from './world.ts';

/** Two teams with a platform of the same kind each, and one that belongs to everyone. */
const plans = [
  { slug: 'fm-edge', upstream: 'fleet-manager' as const, scale: 40, seed: 'edge', team: 'edge' },
  { slug: 'fm-far', upstream: 'fleet-manager' as const, scale: 40, seed: 'far', team: 'far' },
  { slug: 'palette-all', upstream: 'palette' as const, scale: 20 },
];

let stack: Stack;
let world: World;
let teams: Record<'edge' | 'far', { id: string; slug: string }>;
let edge: Caller;
let far: Caller;
let both: Caller;

beforeAll(async () => {
  stack = await startStack(plans);
  world = new World(stack);
  const [ofEdge, ofFar] = await Promise.all([world.team('edge'), world.team('far'), stack.reach('fresh')]);
  teams = { edge: ofEdge, far: ofFar };
  edge = await world.member(ofEdge.id, 'owner@edge', 'owner');
  far = await world.member(ofFar.id, 'owner@far', 'owner');
  both = await world.member(ofEdge.id, 'both@edge', 'viewer');
  await world.made(`/v1/teams/${ofFar.id}/members`, { user_name: 'both@edge', role: 'viewer' });
});
afterAll(() => stack.close());

interface Row {
  id: string;
  name: string;
  connection: { id: string };
  labels: Record<string, string>;
}
interface ListBody {
  data: Row[];
  pagination: { total: number; next_cursor: string | null };
  sources: { connection: string }[];
}
const bodyOf = (answer: Answer) => answer.body as ListBody;
const listKinds = Object.entries(listPaths) as [Kind, string][];

/** What has to be the same of two answers that must not be told apart. */
function faceOf({ status, headers, body }: Answer) {
  const own = /^(x-request-id|date|keep-alive|connection|(x-)?ratelimit.*)$/;
  const { requestId: _, ...rest } = body as Record<string, unknown>;
  return {
    status,
    headers: Object.entries(headers).filter(([name]) => !own.test(name)),
    body: rest,
  };
}

/** The id of something of far, and one that names nothing there. */
async function idsOf(kind: Kind): Promise<{ foreign: string; absent: string }> {
  const absent = encodeId(kind, 'fm-edge', ['00000000-0000-4000-8000-000000000000']);
  if (kind === 'release') {
    const [deployment] = bodyOf(await far.ask('/v1/deployments?connection=fm-far&limit=1')).data;
    const [release] = bodyOf(await far.ask(`/v1/deployments/${deployment?.id}/releases?limit=1`)).data;
    return { foreign: release?.id as string, absent };
  }
  const path = listPaths[kind as keyof typeof listPaths] as string;
  const [row] = bodyOf(await far.ask(`${path}?connection=fm-far&limit=1`)).data;
  return { foreign: row?.id as string, absent };
}

describe.each(listKinds)('a list of %ss', (kind, path) => {
  it('holds what is of one’s own team and of everyone, is counted so, and names no other source', async () => {
    const whole = bodyOf(await stack.ask(`${path}?limit=1`)).pagination.total;
    const foreign = bodyOf(await stack.ask(`${path}?connection=fm-edge&limit=1`)).pagination.total;
    for (const [caller, own] of [
      [edge, 'fm-edge'],
      [far, 'fm-far'],
    ] as const) {
      const { data, pagination, sources } = bodyOf(await caller.ask(`${path}?limit=100`));
      const seen = new Set(data.map(({ connection }) => connection.id));
      for (const slug of seen) expect([own, 'palette-all']).toContain(slug);
      expect(sources.map(({ connection }) => connection)).not.toContain(
        own === 'fm-edge' ? 'fm-far' : 'fm-edge',
      );
      expect(pagination.total).toBeLessThan(whole);
      if (own === 'fm-far') expect(pagination.total).toBe(whole - foreign);
    }
  });

  it('finds nothing foreign by name, label, status, time or what holds it', async () => {
    const [row] = bodyOf(await far.ask(`${path}?connection=fm-far&limit=1`)).data;
    const filters = [`q=${encodeURIComponent(row?.name ?? '')}`, 'updated_since=2000-01-01', 'limit=100'];
    const [label] = Object.entries(row?.labels ?? {});
    if (label) filters.push(`label=${encodeURIComponent(label.join(':'))}`);
    for (const filter of filters) {
      const rows = bodyOf(await edge.ask(`${path}?${filter}`)).data;
      expect(rows.filter(({ connection }) => connection.id === 'fm-far')).toEqual([]);
    }
    if (kind === 'project' || kind === 'cluster_group') return;
    const { foreign, absent } = await idsOf('project');
    const held = [foreign, absent].map((id) => edge.ask(`${path}?project=${id}`));
    const [byForeign, byAbsent] = (await Promise.all(held)).map((one) => bodyOf(one).pagination.total);
    expect([byForeign, byAbsent]).toEqual([0, 0]);
  });

  it('speaks of a foreign connection as of one that there is not', async () => {
    const asked = async (query: (slug: string) => string) => {
      const texts = [];
      for (const slug of ['fm-far', 'fm-xyz']) {
        const answer = await edge.ask(`${path}?${query(slug)}`);
        texts.push(JSON.stringify(faceOf(answer)).replaceAll(slug, '…'));
      }
      return texts;
    };
    for (const query of [
      (slug: string) => `connection=${slug}`,
      (slug: string) => `require=${slug}`,
      (slug: string) => `team=${slug === 'fm-far' ? 'far' : 'xyz'}`,
    ]) {
      const [foreign, absent] = (await asked(query)).map((text) =>
        text.replace(/"[\w-]{27}=?"|W\/\\"[\w-]+\\"/g, 'tag'),
      );
      expect(foreign).toBe(absent);
    }
  });

  it('gives cursors that are good for those alone who see the same', async () => {
    const first = await edge.ask(`${path}?limit=1`);
    const cursor = bodyOf(first).pagination.next_cursor;
    const next = `${path}?limit=1&cursor=${cursor}`;
    expect((await edge.ask(next)).status).toBe(200);
    const same = await world.member(teams.edge.id, `colleague-of-${kind.replace('_', '-')}@edge`, 'owner');
    expect(bodyOf(await same.ask(next)).data).toEqual(bodyOf(await edge.ask(next)).data);
    for (const stranger of [far, both, await world.key('edge', ['read'])]) {
      const answer = await stranger.ask(next);
      expect([answer.status, errorOf(answer).details[0]?.field]).toEqual([422, 'cursor']);
    }
    expect((await stack.ask(next)).status).toBe(422);
  });

  it('is never given, ready or unchanged, to who sees something else', async () => {
    const url = `${path}?limit=100&sort=-name`;
    const answers = new Map<string, Answer>();
    for (let round = 0; round < 3; round++) {
      for (const [name, caller] of Object.entries({ edge, far, both }))
        answers.set(name, await caller.ask(url));
    }
    const tags = [...answers.values()].map(({ headers }) => headers['etag']);
    expect(new Set(tags).size).toBe(3);
    for (const [name, caller] of Object.entries({ edge, far, both })) {
      for (const tag of tags) {
        const own = tag === answers.get(name)?.headers['etag'];
        const { status } = await caller.ask(url, { headers: { 'if-none-match': tag as string } });
        expect(status).toBe(own ? 304 : 200);
      }
    }
    const ids = (name: string) => bodyOf(answers.get(name) as Answer).data.map(({ id }) => id);
    expect(new Set([...ids('edge'), ...ids('far')])).toEqual(new Set(ids('both')));
  });

  it('is narrowed to one of several teams by ?team=', async () => {
    for (const name of ['edge', teams.edge.id]) {
      const { data, sources } = bodyOf(await both.ask(`${path}?team=${name}&limit=100`));
      expect(sources.map(({ connection }) => connection)).toEqual(['fm-edge']);
      expect(new Set(data.map(({ connection }) => connection.id))).toEqual(new Set(['fm-edge']));
    }
    const cursor = bodyOf(await both.ask(`${path}?team=edge&limit=1`)).pagination.next_cursor;
    expect((await both.ask(`${path}?team=far&limit=1&cursor=${cursor}`)).status).toBe(422);
  });
});

describe.each(kinds)('a foreign %s', (kind) => {
  const words: Record<Kind, string> = {
    project: 'projects',
    cluster: 'clusters',
    cluster_group: 'cluster-groups',
    deployment: 'deployments',
    release: 'releases',
  };
  const more: Partial<Record<Kind, [string, string, object?][]>> = {
    project: [
      ['GET', '/deployments'],
      ['PUT', '', { name: 'x' }],
      ['PATCH', '', { name: 'x' }],
      ['DELETE', ''],
      ['POST', '/deployments', {}],
    ],
    deployment: [
      ['GET', '/releases'],
      ['PATCH', '', { version: '2' }],
      ['DELETE', ''],
      ['POST', '/cancel'],
      ['POST', '/deploy', {}],
    ],
    cluster: [
      ['GET', '/deployments'],
      ['PATCH', '', { name: 'x' }],
      ['DELETE', ''],
      ['GET', '/kubeconfig'],
    ],
  };

  it('cannot be told from one that there is not, however it is asked for', async () => {
    const { foreign } = await idsOf(kind);
    const elsewhere = encodeId(kind, 'no-such', ['00000000-0000-4000-8000-000000000000']);
    const asks: [string, string, object?][] = [
      ['GET', ''],
      ['HEAD', ''],
      ['GET', '?max_stale=0'],
      ['GET', '?cached=true'],
      ['GET', '?include=native'],
      ...(more[kind] ?? []),
    ];
    for (const [method, rest, body] of asks) {
      const send = (id: string) =>
        edge.ask(`/v1/${words[kind]}/${id}${rest}`, {
          method,
          headers: {
            ...(body ? { 'content-type': 'application/json' } : {}),
            'if-none-match': '*',
          },
          ...(body ? { body: JSON.stringify(body) } : {}),
        });
      const [one, other] = [await send(foreign), await send(elsewhere)];
      if (method === 'HEAD') expect([one.status, other.status]).toEqual([404, 404]);
      else {
        expect({ method, rest, ...faceOf(one) }).toEqual({ method, rest, ...faceOf(other) });
        expect(one.status).toBe(404);
      }
    }
    expect((await far.ask(`/v1/${words[kind]}/${foreign}`)).status).toBe(200);
  });
});

describe('a foreign operation', () => {
  it('cannot be told from one that there is not, nor can its events', async () => {
    const [cluster] = bodyOf(await far.ask('/v1/clusters?connection=fm-far&limit=1')).data;
    const changed = await far.ask(`/v1/clusters/${cluster?.id}`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ labels: { seen: 'by-far-alone' } }),
    });
    expect(changed.status).toBeLessThan(300);
    const { operation } = changed.body as { operation: { id: string } };
    expect((await far.ask(`/v1/operations/${operation.id}`)).status).toBe(200);
    const absent = await edge.ask('/v1/operations/op_0195506a-0000-7000-8000-000000000000');
    const foreign = await edge.ask(`/v1/operations/${operation.id}`);
    expect(faceOf(foreign)).toEqual(faceOf(absent));
    expect(foreign.status).toBe(404);
    const events = [cluster?.id, encodeId('cluster', 'no-such', ['0'])].map((id) =>
      edge.ask(`/v1/events?resource=${id}`),
    );
    const [ofForeign, ofAbsent] = await Promise.all(events);
    expect(faceOf(ofForeign as Answer)).toEqual(faceOf(ofAbsent as Answer));
  });
});

describe('a foreign connection', () => {
  it('is not listed, and cannot be told from one that there is not', async () => {
    const slugs = dataOf<{ id: string }[]>(await edge.ask('/v1/connections')).map(({ id }) => id);
    expect(slugs).toEqual(['fm-edge', 'palette-all']);
    for (const [method, rest] of [
      ['GET', ''],
      ['POST', '/test'],
      ['POST', '/sync'],
    ] as const) {
      const [foreign, absent] = [
        await edge.ask(`/v1/connections/fm-far${rest}`, { method }),
        await edge.ask(`/v1/connections/no-such${rest}`, { method }),
      ];
      expect(faceOf(foreign)).toEqual(faceOf(absent));
      expect(foreign.status).toBe(404);
    }
  });

  it('is not where something is made, nor named among those where it could be', async () => {
    const make = (connection?: string) =>
      edge.ask('/v1/projects', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'new', ...(connection ? { connection } : {}) }),
      });
    const [foreign, absent] = [await make('fm-far'), await make('no-such')];
    expect(faceOf(foreign)).toEqual(faceOf(absent));
    expect(foreign.status).toBe(422);
    const unnamed = await make();
    expect(unnamed.text).not.toContain('fm-far');
    expect(unnamed.text).toContain('fm-edge');
  });
});

describe('a scope', () => {
  it('that is not held is asked for where it could be known that the thing is there, and never reveals more', async () => {
    const reader = await world.key('edge', ['clusters:read']);
    const [cluster] = bodyOf(await edge.ask('/v1/clusters?connection=fm-edge&limit=1')).data;
    expect((await reader.ask(`/v1/clusters/${cluster?.id}`)).status).toBe(200);
    expect((await reader.ask('/v1/projects')).status).toBe(403);
    expect((await reader.ask(`/v1/clusters/${cluster?.id}/deployments`)).status).toBe(403);
  });

  it('of one team is no scope in another', async () => {
    const patch = (caller: Caller, id: string) =>
      caller.ask(`/v1/projects/${id}`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name: 'renamed' }),
      });
    // A viewer in both teams, and a developer in a third one that has nothing: the write scope is held, but not there.
    const third = await world.team('third');
    await world.made(`/v1/teams/${third.id}/members`, { user_name: 'both@edge', role: 'developer' });
    const { foreign } = await idsOf('project');
    const answer = await patch(both, foreign);
    expect([answer.status, errorOf(answer).details]).toEqual([
      403,
      [{ field: 'scope', message: 'projects:write is missing' }],
    ]);
    expect((await both.ask(`/v1/projects/${foreign}`)).status).toBe(200);
  });

  it('is needed for each thing that one call makes', async () => {
    const key = await world.key('edge', ['projects:write']);
    const answer = await key.ask('/v1/projects', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'new', connection: 'palette-all', deployment: { name: 'first' } }),
    });
    expect([answer.status, errorOf(answer).message]).toEqual([403, 'this needs the scope deployments:write']);
  });
});

it('says nothing foreign in any answer that a caller of another team was given', async () => {
  expect((await list(stack, '/v1/clusters')).data.length).toBeGreaterThan(0);
  const answer = await edge.ask('/v1/events?limit=100');
  expect(answer.text).not.toContain('fm-far');
  for (const path of ['/v1/me', '/v1/teams', '/v1/audit?limit=100', '/v1/api-keys']) {
    const { status, text } = await edge.ask(path);
    expect(status).toBe(200);
    for (const word of ['far@', '"far"', teams.far.id, 'owner@far']) expect(text).not.toContain(word);
  }
});
