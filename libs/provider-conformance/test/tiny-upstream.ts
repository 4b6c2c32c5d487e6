import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Kind } from '@fleetgate/model';
import type { FaultRule, SeenRequest, UpstreamControl, UpstreamUnderTest } from '../src/index.ts';

type Thing = Record<string, unknown> & { id: string };
type Wire = { status: number; body: unknown; headers?: Record<string, string> };
type Request = {
  method: string;
  path: string;
  query: Record<string, string>;
  headers: Record<string, string>;
};

/** rows of one page, whatever is asked for */
const mostRows = 7;
const hour = 3_600_000;

export interface TinyOptions {
  /** session: POST /login gives a token of one hour; key: a lasting key */
  auth: 'session' | 'key';
}

/** A whole upstream in one file: paging by offset, changes, faults on demand. It knows nothing of the provider. */
export async function startTiny({ auth }: TinyOptions): Promise<UpstreamUnderTest> {
  let now = Date.UTC(2026, 0, 1);
  let issued = 0;
  let made = 0;
  const tokens = new Map<string, number>();
  const rules: { rule: FaultRule; met: number }[] = [];
  let requests: { -readonly [K in keyof SeenRequest]: SeenRequest[K] }[] = [];
  const paths: Partial<Record<Kind, string>> = {
    project: 'projects',
    cluster: 'clusters',
    cluster_group: 'groups',
    ...(auth === 'key' ? { deployment: 'deployments', release: 'runs' } : {}),
  };
  const things: Record<string, Thing[]> = {
    projects: makeThings('p', 8, {}),
    clusters: makeThings('c', 17, { projectId: 'p0003' }),
    groups: makeThings('g', 9, { members: ['c0001', 'c0004'] }),
    // Only the upstream with keys rolls anything out.
    ...(auth === 'key'
      ? {
          deployments: makeThings('d', 12, { projectId: 'p0003' }),
          runs: makeThings('r', 9, { deploymentId: 'd0003' }),
        }
      : {}),
  };
  const listOf = (kind: Kind): Thing[] => things[paths[kind] ?? ''] ?? [];

  function answer(request: Request, body: string, fault: string | undefined): Wire {
    if (request.path === '/login') {
      const login = JSON.parse(body) as { user?: string; password?: string };
      if (auth !== 'session' || login.user !== 'ann' || login.password !== 'correct-horse') return refused();
      issued += 1;
      const token = `tiny-token-${issued}-0123456789`;
      tokens.set(token, now + hour);
      return { status: 200, body: { token, seconds: hour / 1000 } };
    }
    const { authorization = '' } = request.headers;
    const good =
      auth === 'key'
        ? request.headers['x-api-key'] === 'tiny-key-0123456789'
        : (tokens.get(authorization.replace('Bearer ', '')) ?? 0) > now;
    if (!good) return refused();
    if (request.path === '/me') return { status: 200, body: { name: 'ann' } };
    if (request.path === '/nodes') return { status: 200, body: { nodes: [{ cluster: 'c0001', count: 3 }] } };
    const [, name = '', id, ...more] = request.path.split('/');
    const list = things[name];
    if (request.method !== 'GET') return list ? change(list, request, body) : failure(404);
    if (name === 'clusters' && more.join() === 'kubeconfig') {
      const known = list?.some((one) => one.id === decodeURIComponent(id ?? ''));
      return known ? { status: 200, body: { text: kubeconfig } } : failure(404);
    }
    if (!list || more.length > 0) return failure(404);
    const { ref, title } = request.query;
    if (ref || title) {
      const items = list.filter((one) => (ref ? one.ref === ref : one.title === title));
      return { status: 200, body: { items, next: null, total: items.length } };
    }
    if (id === undefined) return { status: 200, body: pageOf(list, request.query, fault) };
    const thing = list.find((one) => one.id === decodeURIComponent(id));
    return thing ? { status: 200, body: thing } : failure(404);
  }

  /** Objects are made, replaced, merged and removed; deployments are stopped and run again. */
  function change(list: Thing[], { method, path, headers }: Request, text: string): Wire {
    const [, name = '', escaped, action] = path.split('/');
    const body = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
    if (method === 'POST' && escaped === undefined && name === 'projects') {
      if (typeof body.title !== 'string') return failure(422);
      made += 1;
      const thing = {
        id: `made${made}`,
        state: 'up',
        madeAt: new Date(now).toISOString(),
        version: 1,
        ...body,
      };
      list.push(thing as unknown as Thing);
      return { status: 201, body: thing };
    }
    const at = list.findIndex(({ id }) => id === decodeURIComponent(escaped ?? ''));
    const thing = list[at];
    if (!thing) return failure(404);
    if (action === 'stop' && thing.state === 'down') {
      thing.state = 'off';
      return { status: 200, body: thing };
    }
    if (action === 'runs' && thing.state !== 'down') {
      made += 1;
      const run = { id: `made${made}`, title: 'a run', state: 'down', deploymentId: thing.id, ...body };
      things.runs?.push(run);
      thing.state = 'down';
      return { status: 201, body: run };
    }
    if (action !== undefined) return failure(409);
    if (headers['if-match'] && headers['if-match'] !== String(thing.version ?? 1)) return failure(409);
    if (method === 'DELETE') {
      list.splice(at, 1);
      return { status: 204, body: '' };
    }
    const { id, state, madeAt, version } = thing;
    const kept = method === 'PUT' ? { id, state, madeAt } : thing;
    list[at] = { ...kept, ...body, version: Number(version ?? 1) + 1 } as unknown as Thing;
    return { status: 200, body: list[at] };
  }

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const url = new URL(incoming.url ?? '/', 'http://tiny');
    const request = {
      method: incoming.method ?? 'GET',
      path: url.pathname,
      query: Object.fromEntries(url.searchParams),
      headers: incoming.headers as Record<string, string>,
    };
    const seen = { ...request, status: null as number | null };
    requests.push(seen);
    const fault = faultFor(request);
    const answered = () => answer(request, Buffer.concat(chunks).toString(), fault?.kind);
    const write = (status: number, body: unknown, headers: Record<string, string> = {}) => {
      seen.status = status;
      const text = typeof body === 'string' ? body : JSON.stringify(body);
      response.writeHead(status, {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(text),
        ...headers,
      });
      return text;
    };
    switch (fault?.kind) {
      case 'hang':
        return;
      case 'reset':
        incoming.socket.destroy();
        return;
      case 'half_body': {
        const wire = answered();
        const text = write(wire.status, wire.body);
        response.write(text.slice(0, text.length / 2), () => incoming.socket.destroy());
        return;
      }
      case 'not_json':
        response.end(write(200, '<html>gateway</html>'));
        return;
      case 'wrong_shape':
        response.end(write(200, distorted(answered().body)));
        return;
      case 'huge':
        stream(response, fault.bytes);
        return;
      case 'status':
        response.end(write(fault.status, fault.body ?? failure(fault.status).body, fault.headers));
        return;
      case 'rate_limited':
        response.end(write(429, failure(429).body, { 'retry-after': String(fault.retryAfterSeconds ?? 1) }));
        return;
      case 'latency':
        await new Promise((resolve) => setTimeout(resolve, fault.ms));
    }
    const wire = answered();
    response.end(write(wire.status, wire.body));
  }

  function faultFor(request: Request) {
    for (const entry of rules) {
      const { match, skip = 0, times = Number.POSITIVE_INFINITY, fault } = entry.rule;
      if (match?.method && match.method !== request.method) continue;
      if (match?.path && !new RegExp(match.path).test(request.path)) continue;
      entry.met += 1;
      if (entry.met > skip && entry.met <= skip + times) return fault;
    }
    return undefined;
  }

  const server = createServer((incoming, response) => {
    handle(incoming, response).catch(() => response.destroy()); // the client went away in the middle of its request
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;

  const control: UpstreamControl = {
    inject: (rule) => void rules.push({ rule, met: 0 }),
    clear: () => void rules.splice(0),
    requests: () => requests,
    forget: () => {
      requests = [];
    },
    expireSessions: () => tokens.clear(),
    clock: {
      now: () => now,
      advance: (ms) => {
        now += ms;
      },
    },
    add: (kind, count) => {
      const added = makeThings(`new${listOf(kind).length}`, count, {});
      listOf(kind).push(...added);
      return added.map(({ id }) => id);
    },
    remove: (kind, key) => {
      const at = listOf(kind).findIndex(({ id }) => id === key);
      return at >= 0 && listOf(kind).splice(at, 1).length === 1;
    },
    touch: (kind, key, change) => {
      const thing = listOf(kind).find(({ id }) => id === key);
      return (
        thing !== undefined &&
        Object.assign(thing, change, { version: Number(thing.version ?? 1) + 1 }) === thing
      );
    },
    size: (kind) => listOf(kind).length,
  };
  return {
    origin,
    baseUrl: origin,
    credentials:
      auth === 'key' ? { apiKey: 'tiny-key-0123456789' } : { user: 'ann', password: 'correct-horse' },
    control,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const kubeconfig = `apiVersion: v1
kind: Config
clusters:
- name: tiny
  cluster: {server: https://tiny.example.org}
users:
- name: admin
  user:
    token: tiny-admin-token-0123456789abcdef
`;

function makeThings(prefix: string, count: number, more: Record<string, unknown>): Thing[] {
  return Array.from({ length: count }, (_, at) => ({
    id: `${prefix}${String(at).padStart(4, '0')}`,
    title: `Thing ${at}`,
    state: at % 3 === 0 ? 'up' : 'down',
    madeAt: '2025-03-04T05:06:07+08:00',
    ...more,
  }));
}

function pageOf(list: readonly Thing[], query: Record<string, string>, fault: string | undefined) {
  const from = fault === 'standing_cursor' ? 0 : Number(query.offset ?? 0);
  const rows = Math.min(Number(query.limit ?? mostRows), mostRows);
  if (fault === 'standing_cursor') return { items: list.slice(0, rows), next: rows, total: list.length };
  const gone = fault === 'page_drift' && from > 0 ? 1 : 0;
  const items = list.slice(from + gone, from + gone + rows);
  const next = from + items.length;
  const total = list.length - gone;
  return { items, next: items.length > 0 && next < total ? next : null, total };
}

function refused(): Wire {
  return failure(401);
}

function failure(status: number): Wire {
  return { status, body: { code: `E${status}`, message: `tiny says ${status}` } };
}

function distorted(value: unknown): unknown {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return 42;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, distorted(inner)]));
}

function stream(response: ServerResponse, bytes: number): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  const chunk = `"${'x'.repeat(65_533)}",`;
  let left = bytes;
  const more = () => {
    while (left > 0 && !response.destroyed) {
      left -= chunk.length;
      if (!response.write(chunk)) {
        response.once('drain', more);
        return;
      }
    }
    response.end(']');
  };
  response.write('[');
  more();
}
