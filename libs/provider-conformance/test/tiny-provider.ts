import { type AnyRecord, Fault, type FaultCode, type Key, type ProjectRecord } from '@fleetgate/model';
import type {
  Call,
  Facet,
  Host,
  IncomingResponse,
  Page,
  Projects,
  Provider,
  ProviderDefinition,
  Step,
  StepResult,
} from '@fleetgate/provider-spec';
import { z } from 'zod';

/** What a provider can get wrong, one at a time. */
export type Defect =
  | 'accepts foreign cursors'
  | 'accepts unknown settings'
  | 'answers a removal of nothing'
  | 'archives what it should remove'
  | 'asks for the account without credentials'
  | 'builds paths of raw keys'
  | 'calls an ended rollout cancelled'
  | 'calls a server error unavailable'
  | 'connects with a request'
  | 'changes without a step'
  | 'drops Retry-After'
  | 'drops what a patch does not name'
  | 'fails on unknown words'
  | 'finds by the name alone'
  | 'gives next for ever'
  | 'has a field of its own'
  | 'has its own timeout'
  | 'hides a shifted walk'
  | 'ignores the expected version'
  | 'ignores the signal'
  | 'invents a status'
  | 'leaks its credential'
  | 'keeps what a replacement does not name'
  | 'leaves a rule out'
  | 'leaves a secret unmarked'
  | 'lets a caller own the renewal'
  | 'logs in for every caller'
  | 'logs in in every replica'
  | 'loops on 401'
  | 'maps get another way'
  | 'makes up a project'
  | 'makes up its calls'
  | 'marks a change as repeatable'
  | 'names fields as the upstream does'
  | 'never looks for what it made'
  | 'never renews'
  | 'passes over a later failure'
  | 'puts its key into the address'
  | 'quotes a kubeconfig'
  | 'quotes the upstream'
  | 'reads anything as a list'
  | 'reads before it takes a removal up'
  | 'shows secrets in native'
  | 'takes a 404 for an empty list'
  | 'takes any spec'
  | 'takes a refusal for an outage'
  | 'takes a short page for the last'
  | 'writes local time';

const rowsPerPage = 10;
const Thing = z.looseObject({
  id: z.string(),
  title: z.string(),
  state: z.string().nullish(),
  madeAt: z.string().nullish(),
  projectId: z.string().nullish(),
  members: z.array(z.string()).nullish(),
  deploymentId: z.string().nullish(),
  note: z.string().nullish(),
  tags: z.record(z.string(), z.string()).nullish(),
  version: z.number().nullish(),
});
const Spec = z.strictObject({ flavour: z.string().optional() });
type Thing = z.infer<typeof Thing>;

const codes: Record<number, FaultCode> = {
  400: 'invalid',
  401: 'unauthenticated',
  403: 'forbidden',
  404: 'not_found',
  409: 'conflict',
  422: 'invalid',
  429: 'rate_limited',
};

/** Its own code throughout: the suite must be shown to work without the kit. */
export function tinyProvider(auth: 'session' | 'key', ...defects: readonly Defect[]) {
  const has = (defect: Defect): boolean => defects.includes(defect);
  const object = has('accepts unknown settings') ? z.looseObject : z.strictObject;
  const hidden = () =>
    has('leaves a secret unmarked') ? z.string().min(4) : z.string().min(4).meta({ secret: true });
  const credentials = auth === 'key' ? { apiKey: hidden() } : { user: z.string(), password: hidden() };
  const settings = object({
    baseUrl: z.url({ protocol: /^https?$/, hostname: /./ }).transform((text) => text.replace(/\/+$/, '')),
    ...credentials,
    timeoutMs: z.int().min(100).max(60_000).default(10_000),
    limits: z
      .strictObject({
        concurrency: z.int().positive().default(8),
        requestsPerSecond: z.number().positive().optional(),
        burst: z.int().positive().optional(),
        hedging: z.boolean().optional(),
      })
      .prefault({}),
  });
  type Settings = {
    baseUrl: string;
    apiKey?: string;
    user?: string;
    password?: string;
    timeoutMs: number;
    limits: z.output<typeof settings>['limits'];
  };
  const definition: ProviderDefinition<typeof settings> = {
    id: 'tiny',
    title: 'Tiny',
    settings,
    example: {
      baseUrl: 'https://tiny.example.org',
      ...(auth === 'key' ? { apiKey: 'example-key' } : { user: 'ann', password: 'example' }),
    } as z.input<typeof settings>,
    limits: ({ limits: { concurrency, requestsPerSecond, burst, hedging } }) => ({
      concurrency,
      ...(requestsPerSecond === undefined ? {} : { perSecond: requestsPerSecond }),
      ...(burst === undefined ? {} : { burst }),
      ...(hedging === undefined ? {} : { hedging }),
    }),
    writes: {
      projects: {
        create: {
          fields: ['name', 'description', 'labels'],
          spec: has('takes any spec') ? z.looseObject({}) : Spec,
        },
        replace: { fields: ['name', 'description', 'labels'] },
        patch: { fields: ['name', 'description', 'labels'] },
        ...(has('leaves a rule out') ? {} : { remove: { fields: [] } }),
      },
      ...(auth === 'key' ? { deployments: { cancel: { fields: [] }, deploy: { fields: ['version'] } } } : {}),
    },
    connect: (parsed, host) => connect(parsed as Settings, host, auth, has),
  };
  return definition;
}

function connect(
  settings: { baseUrl: string; apiKey?: string; user?: string; password?: string; timeoutMs: number },
  host: Host,
  auth: 'session' | 'key',
  has: (defect: Defect) => boolean,
): Provider {
  const secret = settings.apiKey ?? settings.password ?? '';
  const known = new Set([secret]);

  async function send(
    path: string,
    call: Call,
    headers: Record<string, string>,
    body?: string,
    method = body === undefined ? 'GET' : 'POST',
  ): Promise<IncomingResponse> {
    const changing = path !== '/login' && method !== 'GET';
    const key = changing && has('puts its key into the address') ? `?key=${secret}` : '';
    const own = has('ignores the signal') ? { ...call, signal: new AbortController().signal } : call;
    return host.send(
      {
        method,
        url: `${settings.baseUrl}${path}${key}`,
        headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body }),
        repeatable: !changing || has('marks a change as repeatable'),
        ...(path === '/login' ? { preliminary: true } : {}),
        timeoutMs: has('has its own timeout') ? 60_000 : settings.timeoutMs,
      },
      has('makes up its calls') ? { ...own, requestId: 'made-up-0001' } : own,
    );
  }

  const renewals = new Map<string, Promise<string>>();

  async function login(call: Call): Promise<string> {
    const response = await send(
      '/login',
      call,
      {},
      JSON.stringify({ user: settings.user, password: settings.password }),
    );
    const { token, seconds } = read(response, z.object({ token: z.string(), seconds: z.number() }));
    known.add(token);
    await host.tokens.write('tiny', { value: token, expiresAt: host.clock.now() + seconds * 1000 });
    return token;
  }

  async function token(refused: string | undefined, call: Call): Promise<string> {
    const stored = has('logs in in every replica') ? undefined : await host.tokens.read('tiny');
    if (stored && stored.value !== refused) return stored.value;
    if (has('logs in for every caller')) return login(call);
    let renewal = renewals.get('tiny');
    if (!renewal) {
      const signal = has('lets a caller own the renewal') ? call.signal : AbortSignal.timeout(5_000);
      renewal = host.tokens
        .exclusive('tiny', async () => {
          const newer = has('logs in in every replica') ? undefined : await host.tokens.read('tiny');
          return newer && newer.value !== refused ? newer.value : login({ ...call, signal });
        })
        .finally(() => renewals.delete('tiny'));
      renewals.set('tiny', renewal);
    }
    return untilAborted(renewal, call.signal);
  }

  interface Change {
    method: string;
    body?: object;
    headers?: Record<string, string>;
  }

  async function ask<S extends z.ZodType>(
    path: string,
    call: Call,
    schema: S,
    { method = 'GET', body, headers = {} }: Partial<Change> = {},
  ): Promise<z.output<S>> {
    const text = body && JSON.stringify(body);
    const go = (own: Record<string, string>) => send(path, call, { ...headers, ...own }, text, method);
    if (auth === 'key') {
      let response = await go({ 'x-api-key': secret });
      while (has('loops on 401') && response.status === 401) response = await go({ 'x-api-key': secret });
      return read(response, schema);
    }
    const first = await token(undefined, call);
    let response = await go({ authorization: `Bearer ${first}` });
    if (response.status === 401 && !has('never renews')) {
      response = await go({ authorization: `Bearer ${await token(first, call)}` });
    }
    return read(response, schema);
  }

  function read<S extends z.ZodType>(response: IncomingResponse, schema: S): z.output<S> {
    const upstream = { status: response.status };
    const body = parsed(response.text);
    if (response.status > 299) {
      const said = z.object({ message: z.string(), field: z.string().nullish() }).safeParse(body);
      const field = said.data?.field;
      const ours = has('names fields as the upstream does') ? field : field && { title: 'name' }[field];
      if (has('takes a refusal for an outage') && response.status === 409) {
        throw new Fault('unexpected', 'tiny is out of order', { upstream });
      }
      let words = said.success ? said.data.message : 'no words';
      if (!has('quotes the upstream')) for (const one of known) words = words.replaceAll(one, '…');
      if (has('leaks its credential')) words += ` (asked with ${secret})`;
      const wait = Number(response.headers['retry-after'] ?? Number.NaN) * 1000;
      const outage: FaultCode = has('calls a server error unavailable') ? 'unavailable' : 'unexpected';
      throw new Fault(codes[response.status] ?? outage, `tiny answered ${response.status}: ${words}`, {
        upstream,
        details: ours ? [{ field: ours, message: words }] : [],
        ...(Number.isNaN(wait) || has('drops Retry-After') ? {} : { retryAfterMs: wait }),
      });
    }
    const answer = schema.safeParse(response.status === 204 ? undefined : body);
    if (!answer.success) {
      const words = has('quotes a kubeconfig') ? `: ${response.text}` : '';
      throw new Fault('unexpected', `tiny broke its contract${words}`, { upstream });
    }
    return answer.data;
  }

  async function nodeCounts(call: Call): Promise<Map<string, number>> {
    const Nodes = z.object({ nodes: z.array(z.object({ cluster: z.string(), count: z.number() })) });
    const asked = ask('/nodes', call, Nodes);
    const { nodes } = has('passes over a later failure')
      ? await asked.catch(() => ({ nodes: [] }))
      : await asked;
    return new Map(nodes.map(({ cluster, count }) => [cluster, count]));
  }

  function facet(
    name: string,
    toRecord: (thing: Thing, nodes: ReadonlyMap<string, number>) => AnyRecord,
    counts = false,
  ): Facet<AnyRecord> {
    const scheme = `tiny/${has('accepts foreign cursors') ? '' : name}`;
    const Items = has('reads anything as a list') ? z.array(Thing).catch([]) : z.array(Thing);
    const Answer = z.object({ items: Items, next: z.number().nullish(), total: z.number() });
    async function list(
      { cursor, limit = rowsPerPage }: { cursor?: string; limit?: number },
      call: Call,
    ): Promise<Page<AnyRecord>> {
      const from =
        cursor === undefined ? { offset: 0 } : decode(scheme, cursor, has('accepts foreign cursors'));
      const page = await ask(`/${name}?offset=${from.offset}&limit=${limit}`, call, Answer);
      const nodes = counts ? await nodeCounts(call) : new Map<string, number>();
      const short = has('takes a short page for the last') && page.items.length < limit;
      const ended = short || page.next === null || page.next === undefined;
      const next = ended ? undefined : encode(scheme, { offset: page.next ?? 0, total: page.total });
      const total = 'total' in from ? from.total : undefined;
      const shifted = total !== undefined && total !== page.total && !has('hides a shifted walk');
      const endless = has('gives next for ever')
        ? encode(scheme, { offset: 0, total: page.total })
        : undefined;
      return {
        items: page.items.map((thing) => toRecord(thing, nodes)),
        ...((next ?? endless) ? { next: (next ?? endless) as string } : {}),
        ...(shifted ? { shifted: true as const } : {}),
      };
    }
    return {
      async list(input, call) {
        try {
          return await list(input, call);
        } catch (error) {
          const gone = error instanceof Fault && error.code === 'not_found';
          if (gone && has('takes a 404 for an empty list')) return { items: [] };
          throw error;
        }
      },
      async get({ key }, call) {
        const raw = key.join('/');
        const id = has('builds paths of raw keys') ? raw : pathOf(key);
        const thing = await ask(`/${name}/${id}`, call, Thing);
        const record = toRecord(thing, counts ? await nodeCounts(call) : new Map());
        return has('maps get another way') ? { ...record, labels: { by: 'get' } } : record;
      },
    };
  }

  function record(thing: Thing) {
    const { id, title, madeAt, state } = thing;
    const at = has('writes local time') ? (madeAt ?? null) : madeAt ? new Date(madeAt).toISOString() : null;
    return {
      key: [id],
      name: title,
      labels: thing.tags ?? {},
      native_status: state ?? null,
      created_at: at,
      updated_at: null,
      native: has('shows secrets in native') ? thing : (redacted(thing) as Record<string, unknown>),
      ...(has('has a field of its own') ? { flavour: 'sweet' } : {}),
    };
  }

  function word<A, B>(state: string | null | undefined, up: A, down: B): A | B | 'unknown' {
    if (has('invents a status') && state === 'down') return 'broken' as 'unknown';
    if (state === 'up') return up;
    if (state === 'down') return down;
    if (has('fails on unknown words')) throw new Fault('unexpected', 'tiny broke its contract');
    return 'unknown';
  }

  if (has('connects with a request')) {
    send('/me', { requestId: 'early-0001', traceparent: '', signal: AbortSignal.timeout(1000) }, {}).catch(
      () => undefined, // the defect is that it is sent
    );
  }

  function projectOf(thing: Thing) {
    return {
      ...record(thing),
      status: word(thing.state, 'active' as const, 'archived' as const),
      description: thing.note ?? null,
      team: null,
    };
  }

  const Things = z.object({ items: z.array(Thing) });

  function step<T extends StepResult>(call: Call, name: string, work: Step<T>): Promise<T> {
    if (has('changes without a step')) return work.make(call);
    const { journal } = call;
    if (!journal) throw new Error('a change without a journal');
    return journal.step(name, work, call);
  }

  /** Makes something under the write's stamp, by which it is found again. */
  function makeOne(call: Call, path: string, list: string, body: { title?: string }): Promise<string> {
    const ref = call.journal?.stamp ?? '';
    return step(call, 'make', {
      make: async (own) => (await ask(path, own, Thing, { method: 'POST', body: { ...body, ref } })).id,
      ...(has('never looks for what it made')
        ? {}
        : {
            find: async (own: Call) => {
              const mine = has('finds by the name alone') ? `title=${body.title}` : `ref=${ref}`;
              return (await ask(`/${list}?${mine}`, own, Things)).items[0]?.id;
            },
          }),
      assumed: 'to-be-made',
    });
  }

  async function changeOne(call: Call, key: Key, change: Change): Promise<void> {
    await step(call, 'change', {
      make: async (own) => {
        await ask(`/projects/${pathOf(key)}`, own, z.unknown(), change);
        return true;
      },
      idempotent: true,
      assumed: true,
    });
  }

  const isGone = (key: Key, call: Call): Promise<true | undefined> =>
    ask(`/projects/${pathOf(key)}`, call, Thing).then(
      () => undefined,
      (error: unknown) => {
        if (error instanceof Fault && error.code === 'not_found') return true;
        throw error;
      },
    );

  const projectWrites: Partial<Projects> = {
    async create({ value }, call) {
      const { name: title, description: note = null, labels: tags = {}, spec } = value;
      const body = { title, note, tags, ...(spec as object | undefined) };
      return { key: [await makeOne(call, '/projects', 'projects', body)] };
    },
    async replace({ key, value, expected }, call) {
      const { name: title, description: note = null, labels: tags = {} } = value;
      const headers = matching(expected);
      const method = has('keeps what a replacement does not name') ? 'PATCH' : 'PUT';
      const body = method === 'PUT' ? { title, note, tags } : { title };
      await changeOne(call, key, { method, headers, body });
      return { key };
    },
    async patch({ key, value, expected }, call) {
      const { name: title, description: note, labels } = value;
      const { tags: present } = await ask(`/projects/${pathOf(key)}`, call, Thing);
      const merged = Object.entries({ ...present, ...labels }).filter(([, label]) => label !== null);
      const body = {
        ...(title === undefined ? {} : { title }),
        ...(note === undefined ? {} : { note }),
        ...(labels === undefined ? {} : { tags: labels === null ? {} : Object.fromEntries(merged) }),
      };
      const method = has('drops what a patch does not name') ? 'PUT' : 'PATCH';
      const whole = method === 'PUT' ? { title: 'Untitled', ...body } : body;
      await changeOne(call, key, { method, headers: matching(expected), body: whole });
      return { key };
    },
    async remove({ key }, call) {
      if (has('reads before it takes a removal up')) await ask(`/projects/${pathOf(key)}`, call, Thing);
      if (has('answers a removal of nothing') && (await isGone(key, call))) return;
      await step(call, 'remove', {
        make: async (own) => {
          const change = has('archives what it should remove')
            ? { method: 'PATCH', body: { state: 'down' } }
            : { method: 'DELETE' };
          await ask(`/projects/${pathOf(key)}`, own, z.unknown(), change);
          return true;
        },
        find: (own) => isGone(key, own),
        idempotent: true,
        assumed: true,
      });
    },
  };

  function matching(expected: ProjectRecord | undefined): Record<string, string> {
    if (!expected || has('ignores the expected version')) return {};
    return { 'if-match': String(expected.native.version ?? 1) };
  }

  const rollout = (thing: Thing) => ({
    ...record(thing),
    status:
      thing.state === 'off'
        ? ('cancelled' as const)
        : word(thing.state, 'success' as const, 'running' as const),
    version: null,
    completed_at: null,
  });

  const rollouts: Pick<Provider, 'deployments' | 'releases'> = {
    deployments: {
      ...facet('deployments', (thing) => ({
        ...rollout(thing),
        url: null,
        target: null,
        latest_release: null,
        project_key: thing.projectId ? [thing.projectId] : null,
      })),
      async cancel({ key }, call) {
        const path = `/deployments/${pathOf(key)}`;
        const stop = async (own: Call) => {
          const { id } = await ask(`${path}/stop`, own, Thing, { method: 'POST' }).catch((error: unknown) => {
            const over = error instanceof Fault && error.code === 'conflict';
            if (over && has('calls an ended rollout cancelled')) return { id: String(key[0]) };
            throw error;
          });
          return id;
        };
        const find = async (own: Call) => {
          const { id, state } = await ask(path, own, Thing);
          return state === 'off' ? id : undefined;
        };
        return { key: [await step(call, 'cancel', { make: stop, find, idempotent: true, assumed: 'x' })] };
      },
      async deploy({ key }, call) {
        return { key: [await makeOne(call, `/deployments/${pathOf(key)}/runs`, 'runs', {})] };
      },
    } as NonNullable<Provider['deployments']>,
    releases: facet('runs', (thing) => ({
      ...rollout(thing),
      deployment_key: [thing.deploymentId ?? ''],
    })) as NonNullable<Provider['releases']>,
  };

  return {
    account: {
      identify: async (_input, call) => {
        if (has('asks for the account without credentials')) return { name: null };
        const { name } = await ask('/me', call, z.object({ name: z.string() }));
        return { name };
      },
    },
    projects: {
      ...facet('projects', (thing) => projectOf(thing)),
      ...projectWrites,
    } as NonNullable<Provider['projects']>,
    ...(auth === 'key' ? rollouts : {}),
    clusters: {
      ...facet(
        'clusters',
        (thing, nodes) => ({
          ...record(thing),
          status: word(thing.state, 'healthy' as const, 'unreachable' as const),
          kind: null,
          version: null,
          location: null,
          node_count: nodes.get(thing.id) ?? null,
          capacity: null,
          usage: null,
          last_seen_at: null,
          project_key: has('makes up a project') ? ['p-none'] : thing.projectId ? [thing.projectId] : null,
        }),
        true,
      ),
      async kubeconfig({ key }, call) {
        return ask(`/clusters/${pathOf(key)}/kubeconfig`, call, z.object({ text: z.string() }));
      },
    } as NonNullable<Provider['clusters']>,
    clusterGroups: facet('groups', (thing) => ({
      ...record(thing),
      description: null,
      cluster_keys: thing.members?.map((member) => [member]) ?? null,
    })) as NonNullable<Provider['clusterGroups']>,
  };
}

function pathOf(key: Key): string {
  if (key.length > 1 || key.some((part) => part === '.' || part === '..')) {
    throw new Fault('not_found', 'tiny has no such object');
  }
  return encodeURIComponent(String(key[0]).toWellFormed());
}

const State = z.strictObject({ offset: z.int().nonnegative(), total: z.int().nonnegative() });

function encode(scheme: string, state: z.infer<typeof State>): string {
  return Buffer.from(JSON.stringify([scheme, state])).toString('base64url');
}

function decode(scheme: string, cursor: string, lax: boolean): z.infer<typeof State> {
  const state = z
    .tuple([z.literal(scheme), State])
    .safeParse(parsed(Buffer.from(cursor, 'base64url').toString()));
  if (state.success) return state.data[1];
  if (lax) return { offset: 0, total: 0 };
  throw new Fault('invalid', 'not a cursor of this list', { field: 'cursor' });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // the schema refuses it
  }
}

function redacted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(redacted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      /password|secret|token/i.test(name) ? '[redacted]' : redacted(inner),
    ]),
  );
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(new Fault('unavailable', 'the caller left'));
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
