import { roles, type Scope, scopesOfRole } from '../../src/access/scopes.ts';
import { type Answer, type Stack, startStack } from '../e2e/stack.ts';
import { type Caller, errorOf, World } from './world.ts';

/** What each first word of a path is about, to read and to change. */
const subjects: Record<string, readonly [read: Scope, write: Scope]> = {
  projects: ['projects:read', 'projects:write'],
  deployments: ['deployments:read', 'deployments:write'],
  releases: ['deployments:read', 'deployments:write'],
  clusters: ['clusters:read', 'clusters:write'],
  'cluster-groups': ['clusters:read', 'clusters:write'],
  connections: ['connections:read', 'connections:write'],
  operations: ['operations:read', 'operations:read'],
  events: ['events:read', 'events:read'],
  webhooks: ['webhooks:read', 'webhooks:write'],
  requests: ['requests:read', 'requests:read'],
  audit: ['audit:read', 'audit:read'],
  teams: ['teams:read', 'teams:admin'],
  users: ['teams:admin', 'teams:admin'],
  'api-keys': ['keys:admin', 'keys:admin'],
};
type Rule = Scope | 'open' | 'signed_in';
/** Routes that are not what their path and method say. */
const exceptions: Record<string, Rule> = {
  'GET /v1/health': 'open',
  'POST /v1/login': 'open',
  'POST /v1/connections/{id}/inbound': 'open',
  'POST /v1/logout': 'signed_in',
  'GET /v1/me': 'signed_in',
  'PUT /v1/me/password': 'signed_in',
  'GET /v1/providers': 'signed_in',
  'GET /v1/providers/{id}': 'signed_in',
  'GET /v1/clusters/{id}/kubeconfig': 'clusters:kubeconfig',
  'POST /v1/connections/{id}/test': 'connections:read',
  'GET /v1/oauth/clients': 'keys:admin',
  'POST /v1/oauth/clients': 'keys:admin',
  'GET /v1/oauth/clients/{id}': 'keys:admin',
  'DELETE /v1/oauth/clients/{id}': 'keys:admin',
  'POST /v1/oauth/keys/rotate': 'signed_in',
};

interface Route {
  readonly method: string;
  readonly path: string;
  readonly rule: Rule;
}

let stack: Stack;
let world: World;
let routes: Route[];
let callers: Record<(typeof roles)[number], Caller>;

beforeAll(async () => {
  stack = await startStack([]);
  world = new World(stack);
  const { id } = await world.team('edge');
  const made = await Promise.all(roles.map((role) => world.member(id, `${role}@edge`, role)));
  callers = Object.fromEntries(roles.map((role, at) => [role, made[at]])) as typeof callers;
  const { paths } = (await stack.ask('/openapi.json')).body as {
    paths: Record<string, Record<string, unknown>>;
  };
  routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods)
      .filter(() => path.startsWith('/v1/'))
      .map((method) => ({ method: method.toUpperCase(), path, rule: ruleOf(method.toUpperCase(), path) })),
  );
});
afterAll(() => stack.close());

/** `never`: nobody has said who may call it, which is a failure of its own. */
function ruleOf(method: string, path: string): Rule {
  const known = exceptions[`${method} ${path}`];
  if (known) return known;
  const parts = path.split('/').filter((part) => !part.startsWith('{'));
  const subject =
    parts[2] === 'connections' && parts[3] === 'native' ? undefined : subjects[parts[2] as string];
  if (parts[3] === 'native') return 'native:call';
  // What is under something else is what the route is about: /clusters/{id}/deployments.
  const about = (path.split('/').length > 4 && subjects[parts.at(-1) as string]) || subject;
  if (!about) throw new Error(`who may call ${method} ${path}?`);
  return about[method === 'GET' ? 0 : 1];
}

/** Asks with a parameter that no route knows: where the call is allowed that is what is refused, so that nothing ever happens. */
function probe({ method, path }: Route, key: string | null): Promise<Answer> {
  const real = path.replace(/\{\w+\}/g, 'none').replace('*', 'none');
  return stack.ask(`${real}?no_such_parameter=1`, { method, key });
}

it('knows of every route who may call it', () => {
  expect(routes.length).toBeGreaterThan(50);
  expect(new Set(routes.map(({ rule }) => rule)).size).toBeGreaterThan(12);
});

it('tells it in the document too', async () => {
  const { paths } = (await stack.ask('/openapi.json')).body as {
    paths: Record<string, Record<string, { security?: { bearer: string[] }[] }>>;
  };
  for (const { method, path, rule } of routes) {
    const told = paths[path]?.[method.toLowerCase()]?.security?.[0]?.bearer;
    const expected = rule === 'open' ? undefined : rule === 'signed_in' ? [] : [rule];
    expect({ method, path, told }).toEqual({ method, path, told: expected });
  }
});

describe.each(roles)('as %s', (role) => {
  it('everything that the role includes can be called, and nothing else', async () => {
    for (const route of routes) {
      const { method, path, rule } = route;
      const allowed = rule === 'open' || rule === 'signed_in' || scopesOfRole(role).has(rule);
      const answer = await probe(route, callers[role].credential);
      const seen = { method, path, refused: answer.status === 403, known: answer.status !== 401 };
      expect(seen).toEqual({ method, path, refused: !allowed, known: true });
      if (allowed) continue;
      expect(errorOf(answer)).toMatchObject({
        code: 'forbidden',
        details: [{ field: 'scope', message: `${rule} is missing` }],
      });
      expect(answer.headers['www-authenticate']).toBe(
        `Bearer realm="fleetgate", error="insufficient_scope", scope="${rule}"`,
      );
    }
  });
});

it('asks a key for exactly the scope of the route, whatever others it has', async () => {
  const all = [...scopesOfRole('owner')];
  const keys = new Map<Scope, { only: Caller; but: Caller }>();
  for (const scope of all) {
    const but = all.filter((one) => one !== scope);
    keys.set(scope, { only: await world.key('edge', [scope]), but: await world.key('edge', but) });
  }
  for (const route of routes) {
    const { method, path, rule } = route;
    const key = keys.get(rule as Scope);
    if (!key) continue;
    const only = (await probe(route, key.only.credential)).status;
    const but = (await probe(route, key.but.credential)).status;
    expect({ method, path, only: only === 403, but }).toEqual({ method, path, only: false, but: 403 });
  }
});

describe('without a credential that is good', () => {
  const bad: [string, () => Promise<string | null>][] = [
    ['none', async () => null],
    ['something made up', async () => 'fg_live_made_up'],
    ['a key that was never given out', async () => `fg_live_${'A'.repeat(43)}`],
    ['a token that was never given out', async () => `fg_login_${'A'.repeat(43)}`],
    ['the root key, but for its last character', async () => `${stack.rootKey.slice(0, -1)}~`],
    ['a key that has expired', () => expired()],
    ['a key that was revoked', () => revoked()],
    ['a login that has ended', () => loggedOut()],
  ];
  it.each(bad)('(%s) nothing can be called but what is open to all', async (_, make) => {
    const key = await make();
    for (const route of routes) {
      const { method, path, rule } = route;
      const answer = await probe(route, key);
      if (rule === 'open') expect([200, 422]).toContain(answer.status);
      else {
        expect({ method, path, status: answer.status }).toEqual({ method, path, status: 401 });
        const error = key === null ? '' : ', error="invalid_token"';
        expect(answer.headers['www-authenticate']).toBe(`Bearer realm="fleetgate"${error}`);
      }
    }
  });

  async function expired(): Promise<string> {
    const { id, credential } = await world.key('edge', ['read'], {
      expires_at: new Date(Date.now() + 3_600_000).toISOString(),
    });
    expect((await stack.ask('/v1/me', { key: credential })).status).toBe(200);
    await stack.sql(`UPDATE api_key SET expires_at = now() - interval '1 second' WHERE id = $1`, [id]);
    await stack.sql(`UPDATE access_revision SET revision = revision + 1`);
    const asked = () => stack.ask('/v1/me', { key: credential });
    while ((await asked()).status !== 401) await new Promise((resolve) => setTimeout(resolve, 50));
    return credential;
  }

  async function revoked(): Promise<string> {
    const { id, credential } = await world.key('edge', ['read']);
    expect((await stack.ask('/v1/me', { key: credential })).status).toBe(200);
    expect((await stack.ask(`/v1/api-keys/${id}`, { method: 'DELETE' })).status).toBe(204);
    return credential;
  }

  async function loggedOut(): Promise<string> {
    const token = await world.login('viewer@edge');
    expect((await stack.ask('/v1/logout', { method: 'POST', key: token })).status).toBe(204);
    return token;
  }
});

it.each<[string, { headers?: unknown; query?: boolean }]>([
  ['two headers', { headers: ['authorization', 'Bearer x', 'authorization', 'Bearer y'] }],
  ['another scheme', { headers: { authorization: 'Basic cm9vdDpyb290' } }],
  ['a key in the query', { query: true }],
  ['no word before it', { headers: { authorization: 'fg_live_x' } }],
])('takes a credential from one Bearer header only: %s', async (_, { headers = {}, query = false }) => {
  const path = query ? `/v1/me?access_token=${stack.rootKey}&api_key=${stack.rootKey}` : '/v1/me';
  const answer = await stack.ask(path, { key: null, headers: headers as Record<string, string> });
  expect(answer.status).toBe(401);
});

it('guards a route however its path is spelled', async () => {
  for (const path of [
    '/%76%31/projects',
    '/v1/projects/',
    '/v1/%70rojects',
    '//v1/projects',
    '/v1//projects',
  ]) {
    const { status } = await stack.ask(path, { key: null });
    expect([401, 404]).toContain(status);
  }
});
