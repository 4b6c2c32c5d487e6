import { createRequire } from 'node:module';
import { tour } from '../../src/docs/tour.ts';
import { eventually, type Stack, startStack } from '../e2e/stack.ts';
import { platforms } from './tourist.ts';

interface Execution {
  item: { name: string };
  response?: { code: number };
  assertions?: { assertion: string; error?: { message: string } }[];
}
interface Summary {
  run: { failures: { error: { message: string }; source?: { name: string } }[]; executions: Execution[] };
}
interface Newman {
  run(options: object, done: (error: Error | null, summary: Summary) => void): void;
}
/** It has no types of its own. */
const newman = createRequire(__filename)('newman') as Newman;

let stack: Stack;
let collection: {
  info: { schema: string };
  variable: { key: string }[];
  item: { name: string; item: { request: { url: { raw: string } } }[] }[];
};
beforeAll(async () => {
  stack = await startStack(platforms);
  await stack.reach('fresh');
  const answer = await stack.ask('/postman-collection.json', { key: null });
  expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
  collection = answer.body as typeof collection;
});
afterAll(() => stack?.close());

function run(): Promise<Summary> {
  const variables = {
    baseUrl: stack.url,
    apiKey: stack.rootKey,
    platformUrl: stack.upstream('apps').baseUrl,
  };
  const envVar = Object.entries(variables).map(([key, value]) => ({ key, value }));
  return new Promise((resolve, reject) => {
    newman.run({ collection, envVar, timeoutRequest: 20_000 }, (error, summary) =>
      error ? reject(error) : resolve(summary),
    );
  });
}

it('is a collection v2.1 with an address and a key to set, and a request for each step of the tour', () => {
  expect(collection.info.schema).toMatch(/v2\.1\.0/);
  expect(collection.variable.map(({ key }) => key)).toEqual(['baseUrl', 'apiKey', 'platformUrl']);
  expect(collection.item.map(({ name, item }) => [name, item.length])).toEqual(
    tour.map(({ title, steps }) => [title, steps.length]),
  );
  for (const { request } of collection.item.flatMap(({ item }) => item)) {
    expect(request.url.raw).toMatch(/^\{\{baseUrl\}\}\/[^:]*$/); // nothing of a path is left to fill in
  }
});

/** Time passes at the platform until something is there that can be rolled out again. */
async function rolledOut(): Promise<void> {
  stack.upstream('fm-east').control.clock.advance(3_600_000);
  await stack.ask('/v1/connections/fm-east/sync', { method: 'POST' });
  await eventually('a rollout has ended well', async () => {
    const { body } = await stack.ask('/v1/deployments?connection=fm-east&status=success');
    return (body as { data: unknown[] }).data.length > 0;
  });
}

it('runs green from beginning to end, and once more', async () => {
  for (const round of [1, 2]) {
    await rolledOut();
    const { failures, executions } = (await run()).run;
    const told = failures.map(({ error, source }) => `${source?.name}: ${error.message}`);
    expect({ round, told }).toEqual({ round, told: [] });
    expect(executions.length).toBe(tour.flatMap(({ steps }) => steps).length);
    for (const { assertions = [] } of executions) expect(assertions.length).toBeGreaterThanOrEqual(2);
  }
});

it('is told when an answer is not what it should be', async () => {
  const wrong = structuredClone(collection);
  const [first] = wrong.item;
  first?.item.splice(2);
  wrong.item.splice(1);
  collection = wrong;
  const text = JSON.stringify(wrong).replaceAll('[200,202]', '[418]');
  collection = JSON.parse(text) as typeof collection;
  expect((await run()).run.failures.length).toBe(2);
});
