import { type Answer, eventually, type Stack, startStack } from '../e2e/stack.ts';

interface Resource {
  id: string;
  name: string;
  status: string;
  description?: string | null;
  latest_release?: { id: string; status: string } | null;
  deployments?: { total: number };
}
interface Written {
  data: Resource;
  source: { connection: string; state: string };
  operation: {
    id: string;
    state: string;
    steps: { name: string; state: string; result: unknown }[];
    left_behind: string[];
  };
  requestId: string;
}
interface Refused {
  error: { code: string; message: string; details: { field: string; message: string }[] };
  operation?: Written['operation'];
}

let stack: Stack;
let groupId: string;

const spec = { source_type: 'api', source_config: 'type: Application\nmetadata: {name: shop}\n' };

const send = (
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> =>
  stack.ask(path, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
const written = (answer: Answer) => answer.body as Written;
const refused = (answer: Answer) => answer.body as Refused;
const fields = (answer: Answer) => refused(answer).error.details.map(({ field }) => field);
const fm = () => stack.upstream('fm').control;
/** Requests that changed something at Fleet Manager since the record was emptied. */
const changes = () =>
  fm()
    .requests()
    .filter(({ method }) => method !== 'GET');
const named = async (name: string) =>
  ((await stack.ask(`/v1/projects?q=${name}&connection=fm`)).body as { data: Resource[] }).data;

let made = 0;
async function newProject(extra: object = {}): Promise<Written & { etag: string }> {
  made += 1;
  const answer = await send('POST', '/v1/projects', {
    connection: 'fm',
    name: `made-${made}`,
    spec,
    ...extra,
  });
  if (answer.status >= 300) throw new Error(`not made: ${answer.text}`);
  return { ...written(answer), etag: answer.headers['etag'] as string };
}

beforeAll(async () => {
  stack = await startStack([
    { slug: 'chime', upstream: 'chimestack', scale: 20 },
    { slug: 'fm', upstream: 'fleet-manager', scale: 60 },
    { slug: 'palette', upstream: 'palette', scale: 20 },
  ]);
  await stack.reach('fresh');
  const groups = (await stack.ask('/v1/cluster-groups?connection=fm')).body as { data: Resource[] };
  groupId = groups.data[0]?.id as string;
});
afterAll(() => stack?.close());
beforeEach(() => {
  fm().clear();
  fm().forget();
});

describe('creating', () => {
  it('answers 201 with the whole resource, where it is, and how it was made; a list right after has it', async () => {
    await stack.ask('/v1/projects?q=fresh-shop'); // asked twice, so that it would be answered from what is ready
    await stack.ask('/v1/projects?q=fresh-shop');
    const answer = await send('POST', '/v1/projects', {
      connection: 'fm',
      name: 'fresh-shop',
      description: 'sells',
      spec,
    });
    expect(answer.status).toBe(201);
    const { data, source, operation } = written(answer);
    expect(data).toMatchObject({ name: 'fresh-shop', status: 'active', description: 'sells' });
    expect(answer.headers['location']).toBe(`/v1/projects/${data.id}`);
    expect(source).toMatchObject({ connection: 'fm', state: 'fresh' });
    expect(operation).toMatchObject({ state: 'succeeded', left_behind: [] });
    expect(operation.steps.map(({ name, state }) => [name, state])).toEqual([['application', 'done']]);
    const { data: listed } = (await stack.ask('/v1/projects?q=fresh-shop')).body as { data: Resource[] };
    expect(listed.map(({ id }) => id)).toEqual([data.id]);
    const got = await stack.ask(answer.headers['location'] as string);
    expect(got.headers['etag']).toBe(answer.headers['etag']);
    expect((await stack.ask(`/v1/operations/${operation.id}`)).body).toMatchObject({
      data: { id: operation.id, state: 'succeeded', kind: 'project', action: 'create', resource_id: data.id },
    });
  });

  it('needs the connection only where several could do it, and names them', async () => {
    const open = await send('POST', '/v1/projects', { name: 'anywhere', spec });
    expect(open.status).toBe(422);
    expect(refused(open).error.details).toEqual([
      { field: 'connection', message: 'must be named: one of fm, palette' },
    ]);
    const nowhere = await send('POST', '/v1/projects', { connection: 'mars', name: 'x', spec });
    expect([nowhere.status, fields(nowhere)]).toEqual([422, ['connection']]);
    const cannot = await send('POST', '/v1/projects', { connection: 'chime', name: 'x' });
    expect([cannot.status, refused(cannot).error.code]).toEqual([501, 'unsupported_by_provider']);
    expect(refused(cannot).error.details).toEqual([
      { field: 'capability', message: 'projects.create' },
      { field: 'connections', message: 'fm, palette' },
    ]);
    expect(changes()).toEqual([]);
  });

  it.each<[string, object, string[]]>([
    ['a field without a place at the platform', { name: 'x', labels: { a: 'b' }, spec }, ['labels']],
    ['what the platform needs', { name: 'x' }, ['spec']],
    ['a wrong spec', { name: 'x', spec: { source_config: 7 } }, ['spec.source_config']],
    ['an unknown member of spec', { name: 'x', spec: { ...spec, secret: 's' } }, ['spec.secret']],
    ['an unknown field', { name: 'x', colour: 'red', spec }, ['colour']],
    ['a wrong name', { name: ' x ', spec }, ['name']],
    ['no name', { spec }, ['name']],
  ])('refuses %s by its name, and sends nothing', async (_what, body, expected) => {
    const answer = await send('POST', '/v1/projects', { connection: 'fm', ...body });
    expect([answer.status, refused(answer).error.code, fields(answer)]).toEqual([
      422,
      'validation_error',
      expected,
    ]);
    expect(changes()).toEqual([]);
  });

  it('makes an application, its binding and a release in one operation of three steps', async () => {
    const { data, operation } = await newProject({
      deployment: { target: { kind: 'cluster_group', id: groupId } },
    });
    expect(operation.steps.map(({ name, state }) => `${name} ${state}`)).toEqual([
      'project.application done',
      'deployment.deployment done',
      'deployment.release done',
    ]);
    expect(data.deployments?.total).toBe(1);
    const deployments = (await stack.ask(`/v1/projects/${data.id}/deployments`)).body as { data: Resource[] };
    const [deployment] = deployments.data as [Resource];
    expect(['queued', 'running']).toContain(deployment.status);
    const releases = (await stack.ask(`/v1/deployments/${deployment.id}/releases`)).body as {
      data: Resource[];
    };
    expect(releases.data).toHaveLength(1);
    // The platform goes on working, and the inventory follows it without a sync.
    fm().clock.advance(3_600_000);
    await eventually('the rollout is over', async () => {
      const { data: now } = (await stack.ask(`/v1/deployments/${deployment.id}?cached=true`)).body as {
        data: Resource;
      };
      return now.status === 'success' || now.status === 'failed';
    });
  });

  it('passes on what the platform refuses, with the fields that it names', async () => {
    fm().inject({
      fault: {
        kind: 'status',
        status: 409,
        body: { statusCode: 409, message: 'name is taken', error: 'Conflict' },
      },
      match: { method: 'POST' },
    });
    const answer = await send('POST', '/v1/projects', { connection: 'fm', name: 'taken', spec });
    expect([answer.status, refused(answer).error.code]).toEqual([409, 'conflict']);
    expect(refused(answer).operation).toMatchObject({ state: 'failed', steps: [], left_behind: [] });
  });

  it('says what was left behind when it fails half-way', async () => {
    fm().inject({
      fault: { kind: 'status', status: 400, body: { statusCode: 400, message: 'no', error: 'Bad Request' } },
      match: { method: 'POST', path: '/deployments$' },
    });
    const answer = await send('POST', '/v1/projects', {
      connection: 'fm',
      name: 'half-way',
      spec,
      deployment: { target: { kind: 'cluster_group', id: groupId } },
    });
    expect(answer.status).toBe(422);
    expect(refused(answer).operation).toMatchObject({
      state: 'failed',
      steps: [{ name: 'project.application', state: 'done' }],
      left_behind: ['project.application'],
    });
    expect(await named('half-way')).toHaveLength(1);
  });
});

describe('changing', () => {
  it('PATCH changes what it names, PUT replaces, DELETE takes it away', async () => {
    const { data } = await newProject({ description: 'before' });
    const path = `/v1/projects/${data.id}`;
    const patched = await send('PATCH', path, { description: 'after' });
    expect(patched.status).toBe(200);
    expect(written(patched).data).toMatchObject({ name: data.name, description: 'after' });
    const merged = await send(
      'PATCH',
      path,
      { description: null },
      {
        'content-type': 'application/merge-patch+json',
      },
    );
    expect(written(merged).data.description).toBeNull();
    const replaced = await send('PUT', path, { name: 'replaced', spec });
    expect(written(replaced).data).toMatchObject({ id: data.id, name: 'replaced', description: null });
    const removed = await send('DELETE', path);
    expect([removed.status, removed.text]).toEqual([204, '']);
    expect((await stack.ask(path)).status).toBe(404);
    expect(await named('replaced')).toEqual([]);
    expect((await send('DELETE', path)).status).toBe(404);
  });

  it('refuses to change what has changed meanwhile', async () => {
    const { data, etag } = await newProject();
    const path = `/v1/projects/${data.id}`;
    const first = await send('PATCH', path, { description: 'mine' }, { 'if-match': etag });
    expect(first.status).toBe(200);
    fm().forget();
    for (const method of ['PATCH', 'PUT', 'DELETE']) {
      const body = { PATCH: { description: 'yours' }, PUT: { name: 'yours', spec }, DELETE: undefined }[
        method
      ];
      const late = await send(method, path, body, { 'if-match': etag });
      expect([method, late.status, refused(late).error.code]).toEqual([method, 412, 'precondition_failed']);
      expect(late.headers['etag']).toBe(first.headers['etag']);
    }
    expect(changes()).toEqual([]);
    const native = await stack.ask(`${path}?include=native`);
    const tags = `"other", ${native.headers['etag']}`;
    expect((await send('PATCH', path, { description: 'ours' }, { 'if-match': tags })).status).toBe(200);
    expect((await send('DELETE', path, undefined, { 'if-match': '*' })).status).toBe(204);
    expect((await send('DELETE', path, undefined, { 'if-match': '*' })).status).toBe(404);
  });

  it('refuses a change of nothing, an option without a place, and an id of another kind', async () => {
    const { data } = await newProject();
    const path = `/v1/projects/${data.id}`;
    expect(fields(await send('PATCH', path, {}))).toEqual(['body']);
    expect(fields(await send('DELETE', `${path}?force=true`))).toEqual(['force']);
    expect((await send('DELETE', `/v1/clusters/${data.id}`)).status).toBe(404);
    expect((await send('DELETE', path)).status).toBe(204);
  });

  it('deploys again, one release at a time, and removes what is no longer wanted', async () => {
    const { data } = await newProject();
    const target = { kind: 'cluster_group', id: groupId };
    const created = await send('POST', `/v1/projects/${data.id}/deployments`, { target });
    expect(created.status).toBe(202); // the platform still works on it
    const deployment = written(created).data;
    const running = await send('POST', `/v1/deployments/${deployment.id}/deploy`);
    expect([running.status, refused(running).error.code]).toEqual([409, 'conflict']);
    fm().clock.advance(3_600_000);
    const again = await send('POST', `/v1/deployments/${deployment.id}/deploy`, {});
    expect(again.status).toBe(202);
    expect(again.headers['location']).toMatch(/^\/v1\/releases\/rel_/);
    expect((await stack.ask(again.headers['location'] as string)).status).toBe(200);
    const busy = await send('DELETE', `/v1/projects/${data.id}`);
    expect([busy.status, refused(busy).error.code]).toEqual([409, 'conflict']);
    fm().clock.advance(3_600_000);
    expect((await send('DELETE', `/v1/projects/${data.id}?cleanup=true`)).status).toBe(204);
    // What hung on it has gone with it, and the inventory finds that out by itself.
    await eventually('the deployment is gone', async () => {
      const { status } = await stack.ask(`/v1/deployments/${deployment.id}?cached=true`);
      return status === 404;
    });
  });

  it('says who could do what this platform cannot', async () => {
    const { data } = (await stack.ask('/v1/deployments?connection=fm&limit=1')).body as { data: Resource[] };
    const answer = await send('POST', `/v1/deployments/${data[0]?.id}/cancel`);
    expect([answer.status, refused(answer).error.code]).toEqual([501, 'unsupported_by_provider']);
    expect(refused(answer).error.details[0]).toEqual({ field: 'capability', message: 'deployments.cancel' });
  });
});

describe('clusters', () => {
  it('are made in a zone, taken out of service, and removed at ChimeStack', async () => {
    const { data: known } = (await stack.ask('/v1/clusters?connection=chime&limit=1&include=native'))
      .body as {
      data: { location: string }[];
    };
    const location = known[0]?.location as string;
    const created = await send('POST', '/v1/clusters', { connection: 'chime', name: 'rack-9', location });
    expect([created.status, written(created).data.name]).toEqual([201, 'rack-9']);
    const path = `/v1/clusters/${written(created).data.id}`;
    const disabled = await send('PATCH', path, { disabled: true });
    expect(written(disabled).data.status).toBe('disabled');
    expect((await send('DELETE', path)).status).toBe(204);
  });

  it('give their kubeconfig at Palette, which is kept nowhere', async () => {
    const { data } = (await stack.ask('/v1/clusters?connection=palette&status=healthy&limit=1')).body as {
      data: Resource[];
    };
    const answer = await stack.ask(`/v1/clusters/${data[0]?.id}/kubeconfig`);
    expect([answer.status, answer.headers['content-type'], answer.headers['cache-control']]).toEqual([
      200,
      'application/yaml; charset=utf-8',
      'no-store',
    ]);
    expect(answer.text).toContain('kind: Config');
    expect(stack.log.join('\n')).not.toContain('client-key-data');
    const { data: others } = (await stack.ask('/v1/clusters?connection=fm&limit=1')).body as {
      data: Resource[];
    };
    const none = await stack.ask(`/v1/clusters/${others[0]?.id}/kubeconfig`);
    expect([none.status, fields(none)]).toEqual([501, ['capability', 'connections']]);
  });
});

describe('a dry run', () => {
  it('checks everything, sends nothing, and shows what it would send', async () => {
    const answer = await send('POST', '/v1/projects?dry_run=true', {
      connection: 'fm',
      name: 'planned',
      spec,
      deployment: { target: { kind: 'cluster_group', id: groupId } },
    });
    expect(answer.status).toBe(200);
    const { data } = answer.body as { data: { dry_run: boolean; requests: Record<string, unknown>[] } };
    expect(data.dry_run).toBe(true);
    expect(data.requests.map(({ step, method }) => `${step} ${method}`)).toEqual([
      'application POST',
      'deployment POST',
      'release POST',
    ]);
    expect(data.requests[0]?.['body']).toMatchObject({ name: 'planned', sourceType: 'api' });
    expect(changes()).toEqual([]);
    expect(await named('planned')).toEqual([]);
    const bad = await send('POST', '/v1/projects?dry_run=true', { connection: 'fm', name: 'planned' });
    expect([bad.status, fields(bad)]).toEqual([422, ['spec']]);
  });
});

describe('an answer that is not waited for', () => {
  it('is an operation to ask for', async () => {
    const answer = await send(
      'POST',
      '/v1/projects',
      { connection: 'fm', name: 'later', spec },
      {
        prefer: 'respond-async',
      },
    );
    expect([answer.status, answer.headers['preference-applied']]).toEqual([202, 'respond-async']);
    await eventually('it is made', async () => {
      const { body } = await stack.ask(answer.headers['location'] as string);
      return (body as { data: { state: string } }).data.state === 'succeeded';
    });
    expect(await named('later')).toHaveLength(1);
  });
});

it('tells the log of events who changed it, by the id of the request', async () => {
  const { requestId, data } = await newProject();
  await eventually('it is told', async () => {
    const { body } = await stack.ask(`/v1/events?resource=${data.id}`);
    const [event] = (body as { data: { type: string; requestId: string }[] }).data;
    return event?.type === 'project.created' && event.requestId === requestId;
  });
});

it('no secret came out in any of this', () => {
  const said = [...stack.answers, ...stack.log].join('\n');
  for (const secret of stack.secrets) expect(said.includes(secret)).toBe(false);
});
