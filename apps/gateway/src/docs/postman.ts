import type { OpenAPIObject } from '@nestjs/swagger';
import { type Step, tour } from './tour.ts';

interface Described {
  operationId: string;
  summary?: string;
  description?: string;
  security?: unknown[];
}
interface Found extends Described {
  method: string;
  route: string;
}

/** Where the app platform of `npm start` is. */
const sandboxUrl = 'http://127.0.0.1:8181/v1';

/**
 * The tour as a collection for Postman (v2.1.0): each request checks its own answer and keeps what later ones need, so that the
 * whole of it can be run. Against a gateway over the sandbox it is green.
 */
export function postmanCollectionOf(document: OpenAPIObject): object {
  const operations = new Map<string, Found>();
  for (const [route, item] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(item) as [string, Described][]) {
      operations.set(operation.operationId, { ...operation, method: method.toUpperCase(), route });
    }
  }
  return {
    info: {
      name: document.info.title,
      description: `${document.info.description}\n\nSet \`baseUrl\` and \`apiKey\` (the root key, or one with every scope), and run it from its beginning: it makes what it changes, and removes it.`,
      version: document.info.version,
      schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json',
    },
    auth: bearer('{{apiKey}}'),
    variable: [
      { key: 'baseUrl', value: 'http://127.0.0.1:8080', type: 'string' },
      { key: 'apiKey', value: '', type: 'string' },
      { key: 'platformUrl', value: sandboxUrl, type: 'string' },
    ],
    event: [
      script('prerequest', [
        "if (!pm.collectionVariables.get('run')) pm.collectionVariables.set('run', Date.now().toString(36));",
      ]),
    ],
    item: tour.map(({ title, steps }) => ({
      name: title,
      item: steps.map((step) => requestOf(step, found(operations, step.operation))),
    })),
  };
}

function found(operations: ReadonlyMap<string, Found>, name: string): Found {
  const operation = operations.get(name);
  if (!operation) throw new Error(`the tour names ${name}, which is no operation`);
  return operation;
}

function requestOf(step: Step, { method, route, summary, description, security }: Found) {
  const path = route.replace(/\{(\w+)\}/g, (_, name: string) => step.path?.[name] ?? `:${name}`);
  const query = Object.entries(step.query ?? {}).map(([key, value]) => ({ key, value }));
  const search = query.map(({ key, value }) => `${key}=${value}`).join('&');
  const open = (security ?? []).length === 0;
  const failure = step.status >= 400 ? ` (${step.status})` : '';
  return {
    name: `${summary ?? step.operation}${failure}`,
    event: [
      ...(step.afterMs ? [script('prerequest', [`setTimeout(() => {}, ${step.afterMs});`])] : []),
      script('test', testsOf(step)),
    ],
    request: {
      method,
      ...(description ? { description } : {}),
      ...(open ? { auth: { type: 'noauth' } } : step.as ? { auth: bearer(step.as) } : {}),
      header: step.body === undefined ? [] : [{ key: 'Content-Type', value: 'application/json' }],
      url: {
        raw: `{{baseUrl}}${path}${search ? `?${search}` : ''}`,
        host: ['{{baseUrl}}'],
        path: path.slice(1).split('/'),
        ...(query.length > 0 ? { query } : {}),
      },
      ...(step.body === undefined
        ? {}
        : {
            body: {
              mode: 'raw',
              raw: JSON.stringify(step.body, null, 2),
              options: { raw: { language: 'json' } },
            },
          }),
    },
  };
}

/** Where 201 or 204 is expected, a platform that takes longer may say 202. */
function testsOf({ status, keep = {} }: Step): string[] {
  const allowed = [200, 201, 204].includes(status) ? [status, 202] : [status];
  return [
    `pm.test('answers ${status}', () => pm.expect(pm.response.code, pm.response.text()).to.be.oneOf(${JSON.stringify(allowed)}));`,
    "pm.test('carries the request id', () => pm.response.to.have.header('X-Request-Id'));",
    ...Object.entries(keep).map(
      ([name, place]) =>
        `pm.test('tells ${name}', () => pm.collectionVariables.set('${name}', '${place}'.split('.').reduce((at, key) => at[key], pm.response.json())));`,
    ),
  ];
}

const bearer = (token: string) => ({
  type: 'bearer',
  bearer: [{ key: 'token', value: token, type: 'string' }],
});
const script = (listen: 'prerequest' | 'test', exec: string[]) => ({
  listen,
  script: { type: 'text/javascript', exec },
});
