import { connectProvider, createTransport, memoryTokens, systemClock } from '@fleetgate/provider-runtime';
import { z } from 'zod';
import { installedProviders } from '../../src/connections/installed.ts';
import { ProviderFacts } from '../../src/providers/capabilities.ts';
import { type Stack, startStack } from './stack.ts';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack([]); // the matrix is about what is installed, not about what is linked
});
afterAll(() => stack?.close());

const transport = createTransport();
afterAll(() => transport.close());

interface JsonSchema {
  type?: string;
  properties: Record<string, { type?: string; writeOnly?: boolean }>;
  required?: string[];
  additionalProperties?: unknown;
}
async function all(): Promise<ProviderFacts[]> {
  return ((await stack.ask('/v1/providers')).body as { data: ProviderFacts[] }).data;
}

it('names what is installed', async () => {
  const strict = z.strictObject(ProviderFacts.shape);
  const found = (await all()).map((one) => strict.parse(one).id);
  expect(found).toEqual(installedProviders.map(({ id }) => id));
});

it('says of each exactly what a connected provider of it has', async () => {
  const matrix = Object.fromEntries((await all()).map(({ id, capabilities }) => [id, capabilities]));
  for (const definition of installedProviders) {
    // The way to the platform's own API, and how the connection stands, are no part of what the model knows.
    const {
      passThrough: _,
      condition: __,
      ...provider
    } = connectProvider({
      connection: 'example',
      definition,
      settings: definition.settings.parse(definition.example),
      transport,
      clock: systemClock,
      random: Math.random,
      tokens: memoryTokens(systemClock),
    });
    const shape = Object.entries(provider).map(([facet, operations]) => [facet, Object.keys(operations)]);
    expect(matrix[definition.id]).toEqual(Object.fromEntries(shape));
  }
});

it('says what the platforms are known to have', async () => {
  const facets = Object.fromEntries(
    (await all()).map(({ id, capabilities }) => [id, Object.keys(capabilities).sort().join(' ')]),
  );
  expect(facets).toMatchObject({
    'app-platform': 'account deployments projects releases',
    chimestack: 'account clusters',
    'fleet-manager': 'account clusterGroups clusters deployments projects releases',
    'kubestellar-toolkit': 'account clusters deployments',
    palette: 'account clusterGroups clusters deployments projects',
  });
});

it('shows the settings of each as a strict JSON Schema, with secrets to be written only', async () => {
  const secrets: Record<string, string[]> = {
    'app-platform': ['apiKey', 'webhookSecret'],
    chimestack: ['password'],
    'fleet-manager': ['apiKey'],
    'kubestellar-toolkit': ['token'],
    palette: ['apiKey', 'password'],
  };
  for (const { id, settings_schema } of await all()) {
    const { type, properties, required, additionalProperties } = settings_schema as unknown as JsonSchema;
    expect({ type, additionalProperties }).toEqual({ type: 'object', additionalProperties: false });
    expect(properties['baseUrl']).toMatchObject({ type: 'string' });
    expect(required).toContain('baseUrl');
    const hidden = Object.keys(properties).filter((name) => properties[name]?.writeOnly);
    if (secrets[id]) expect({ id, hidden }).toEqual({ id, hidden: secrets[id] });
    else expect(hidden).not.toEqual([]);
  }
});

it('shows one by its id, and has no word of any credential', async () => {
  for (const facts of await all()) {
    const { status, body, text } = await stack.ask(`/v1/providers/${facts.id}`);
    expect(status).toBe(200);
    expect((body as { data: ProviderFacts }).data).toEqual(facts);
    const { example } = installedProviders.find(({ id }) => id === facts.id) as {
      example: Record<string, unknown>;
    };
    for (const name of ['apiKey', 'token', 'password']) {
      if (typeof example[name] === 'string') expect(text).not.toContain(JSON.stringify(example[name]));
    }
  }
});

it('a gateway without connections answers empty lists that are complete', async () => {
  for (const path of [
    '/v1/projects',
    '/v1/clusters',
    '/v1/cluster-groups',
    '/v1/deployments',
    '/v1/connections',
  ]) {
    const { status, body, headers } = await stack.ask(path);
    expect({ status, body }).toMatchObject({
      status: 200,
      body: { data: [], sources: [], pagination: { total: 0, pages: 0 } },
    });
    if (path !== '/v1/connections') expect(headers['x-fleetgate-complete']).toBe('true');
  }
});
