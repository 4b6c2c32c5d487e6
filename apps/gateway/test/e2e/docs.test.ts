import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { installedProviders } from '../../src/connections/installed.ts';
import { dataOf, World } from '../access/world.ts';
import { eventually, type Stack, startStack } from './stack.ts';
import { list, listPaths } from './walking.ts';

interface Schema {
  $ref?: string;
  [member: string]: unknown;
}
interface Operation {
  tags: string[];
  summary: string;
  operationId: string;
  security?: unknown[];
  parameters: { name: string; in: string; schema: Schema }[];
  responses: Record<string, { content: { 'application/json': { schema: Schema } } }>;
}
interface Document {
  info: { description?: string };
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

let stack: Stack;
let document: Document;
beforeAll(async () => {
  stack = await startStack([
    { slug: 'apps', upstream: 'app-platform', scale: 20 },
    { slug: 'chime', upstream: 'chimestack', scale: 20 },
    { slug: 'fm', upstream: 'fleet-manager', scale: 40, team: 'edge' },
    { slug: 'palette', upstream: 'palette', scale: 20 },
    { slug: 'toolkit', upstream: 'kubestellar-toolkit', scale: 20 },
  ]);
  document = (await stack.ask('/openapi.json', { key: null })).body as Document;
  await stack.reach('fresh');
});
afterAll(() => stack?.close());

const operations = () =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );

function operationOf(path: string): Operation {
  const operation = document.paths[path]?.['get'];
  if (!operation) throw new Error(`GET ${path} is not described`);
  return operation;
}

/** The routes that the server itself names, but for those of the documents, and of OAuth, which has a discovery of its own. */
function routes(): string[] {
  const server = stack.app.getHttpAdapter().getInstance() as { printRoutes(options: object): string };
  const found: string[] = [];
  const parents: string[] = [];
  for (const line of server.printRoutes({ commonPrefix: false }).split('\n')) {
    const [, indent, part, methods] = /^([│ ]*)[├└]── (\S+)(?: \(([A-Z, ]+)\))?$/.exec(line) ?? [];
    if (indent === undefined || part === undefined) continue;
    const depth = indent.length / 4;
    parents.length = depth;
    parents.push(part);
    const path = parents
      .join('')
      .replace(/:(\w+)/g, '{$1}')
      .replace(/native\*$/, 'native/{path}');
    for (const method of methods?.split(', ') ?? []) {
      // The base of a platform's own API is the same with an empty path.
      if (method !== 'HEAD' && !/^\/(docs|openapi\.json|postman|oauth|\.well-known)|\/native$/.test(path))
        found.push(`${method.toLowerCase()} ${path}`);
    }
  }
  return found.sort();
}

describe('/openapi.json', () => {
  it('is the one that is committed for SDKs: npm run openapi', () => {
    const committed = readFileSync(join(__dirname, '../../../../libs/sdk/openapi.json'), 'utf8');
    expect(document).toEqual(JSON.parse(committed));
  });

  it('is OpenAPI 3.1 and open to all', async () => {
    const answer = await stack.ask('/openapi.json', { key: null });
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(document.openapi).toMatch(/^3\.1\.\d$/);
  });

  it('tells which platforms are installed, and what each can do', () => {
    const { description = '' } = document.info;
    for (const { id, title } of installedProviders)
      expect(description).toContain(`| ${title} | \`${id}\` | `);
    expect(description).toContain('| `chimestack` | clusters: list, get, create, patch, remove |');
  });

  it('names exactly the routes that the server has', () => {
    expect(routes().length).toBeGreaterThan(15);
    expect(
      operations()
        .map(({ method, path }) => `${method} ${path}`)
        .sort(),
    ).toEqual(routes());
  });

  it('says of each what it is for, under one tag and a name of its own, with its errors', () => {
    const names = operations().map(({ operation }) => operation.operationId);
    expect(new Set(names).size).toBe(names.length);
    for (const { path, operation } of operations()) {
      expect({ path, tags: operation.tags.length }).toEqual({ path, tags: 1 });
      expect(operation.summary).toMatch(/^.{5,}$/);
      const open = ['/v1/health', '/v1/login', '/v1/connections/{id}/inbound'];
      const guarded = path === '/metrics' || (path.startsWith('/v1/') && !open.includes(path));
      expect({ path, guarded: (operation.security ?? []).length > 0 }).toEqual({ path, guarded });
      if (guarded) expect(Object.keys(operation.responses)).toEqual(expect.arrayContaining(['4XX', '5XX']));
    }
  });

  it('points nowhere that is not there', () => {
    const references = JSON.stringify(document).match(/"\$ref":"[^"]+"/g) ?? [];
    expect(references.length).toBeGreaterThan(20);
    for (const reference of references) {
      const [, name] = /"#\/components\/schemas\/([^"/]+)"/.exec(reference) ?? [];
      expect({ reference, known: document.components.schemas[name ?? ''] !== undefined }).toEqual({
        reference,
        known: true,
      });
    }
  });

  it('knows every parameter that a list takes, and shows numbers as numbers', async () => {
    const { parameters } = operationOf('/v1/clusters');
    const names = parameters.map(({ name }) => name).sort();
    expect(names).toEqual(
      [
        'cached',
        'connection',
        'cursor',
        'explain',
        'include',
        'label',
        'limit',
        'max_stale',
        'page',
        'project',
      ].concat(['provider', 'q', 'require', 'sort', 'status', 'team', 'updated_since']),
    );
    const schemaOf = (name: string) => parameters.find((parameter) => parameter.name === name)?.schema;
    expect(schemaOf('limit')).toMatchObject({ type: 'integer', minimum: 1, maximum: 100 });
    expect(schemaOf('page')).toMatchObject({ type: 'integer', minimum: 1 });
  });

  it('describes what the server really answers', async () => {
    const world = new World(stack);
    const team = await world.team('readers');
    const idOf = async (path: string) => (await list(stack, path)).data[0]?.id as string;
    const ids: Record<string, string> = {
      '/v1/projects/{id}': await idOf('/v1/projects?connection=fm'),
      '/v1/deployments/{id}': await idOf('/v1/deployments?connection=fm'),
      '/v1/clusters/{id}': await idOf('/v1/clusters?connection=fm'),
      '/v1/cluster-groups/{id}': await idOf('/v1/cluster-groups'),
      '/v1/providers/{id}': 'palette',
      '/v1/connections/{id}': 'fm',
      '/v1/teams/{id}': team.id,
      '/v1/api-keys/{id}': (await world.key(team.slug)).id,
    };
    await stack.ask('/v1/teams', { headers: { 'x-request-id': 'described-0001' } });
    ids['/v1/requests/{id}'] = 'described-0001';
    await eventually(
      'its story',
      async () => (await stack.ask('/v1/requests/described-0001')).status === 200,
    );
    const { id: webhook } = await world.made<{ id: string }>('/v1/webhooks', {
      url: `${stack.url}/nowhere`,
      events: ['*'],
    });
    ids['/v1/webhooks/{id}'] = webhook;
    const sent = await stack.ask(`/v1/webhooks/${webhook}/test`, { method: 'POST' });
    const { id: delivery } = dataOf<{ id: string }>(sent);
    const releases = `/v1/deployments/${ids['/v1/deployments/{id}']}/releases`;
    const [deployment] = (await list(stack, '/v1/deployments?connection=apps')).data;
    ids['/v1/releases/{id}'] = (deployment?.['latest_release'] as { id: string } | undefined)?.id ?? '';
    expect((await stack.ask(releases)).status).toBe(200);

    const probes = ['/v1/connections/{id}/test', '/v1/connections/{id}/sync'];
    for (const { path, method, operation } of operations()) {
      // What changes something, needs one of its own (a kubeconfig, an operation, a client) or is no JSON, is described by the tests of that.
      if (
        method === 'get'
          ? /kubeconfig|operations|stream|oauth|native|metrics/.test(path)
          : !probes.includes(path)
      )
        continue;
      const outer = Object.keys(ids).find((prefix) => path.startsWith(prefix));
      const named = path.replace('{deliveryId}', delivery);
      const real = outer ? named.replace('{id}', ids[outer] as string) : named;
      const query = Object.values<string>(listPaths).includes(path) ? '?limit=100&include=native' : '';
      const answer = await stack.ask(real + query, { method: method.toUpperCase() });
      const described = operation.responses[String(answer.status)]?.content['application/json'].schema;
      expect({ path, status: answer.status, described: described !== undefined }).toEqual({
        path,
        status: method === 'post' && path.endsWith('/sync') ? 202 : 200,
        described: true,
      });
      const { error } = validatorOf(described as Schema).safeParse(answer.body);
      expect({ path, issues: error?.issues ?? [] }).toEqual({ path, issues: [] });
    }
  });

  it('describes the errors too', async () => {
    const schema = operationOf('/v1/clusters').responses['4XX'];
    const validator = validatorOf(schema?.content['application/json'].schema as Schema);
    for (const path of [
      '/v1/clusters?limit=0',
      '/v1/clusters/x',
      '/v1/nope',
      '/v1/clusters?connection=nope',
    ]) {
      expect(validator.safeParse((await stack.ask(path)).body).error?.issues).toBeUndefined();
    }
    expect(validator.safeParse({ error: { code: 'made_up' } }).success).toBe(false);
  });
});

/** The document's own schema, made to check with. */
function validatorOf(schema: Schema): z.ZodType {
  const text = JSON.stringify({ ...schema, $defs: document.components.schemas });
  return z.fromJSONSchema(JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')));
}

describe('/docs', () => {
  it('is a page that loads, with everything that it refers to', async () => {
    for (const page of ['/docs', '/docs/']) {
      const { status, text, headers } = await stack.ask(page, { key: null });
      expect({ status, type: headers['content-type'] }).toMatchObject({
        status: 200,
        type: expect.stringMatching(/^text\/html/),
      });
      expect(text).toContain('Fleetgate API');
      const assets = [...text.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, address]) => address as string);
      expect(assets.length).toBeGreaterThanOrEqual(4);
      for (const asset of assets) {
        const { pathname, origin } = new URL(asset, `${stack.url}${page}`);
        expect(origin).toBe(stack.url); // nothing from elsewhere
        const answer = await stack.ask(pathname, { key: null });
        expect({ asset, status: answer.status }).toEqual({ asset, status: 200 });
        expect(answer.text.length).toBeGreaterThan(100);
      }
    }
  });

  it('shows the document of this server', async () => {
    const { text } = await stack.ask('/docs/swagger-ui-init.js', { key: null });
    expect(text).toContain('/v1/cluster-groups');
  });
});
