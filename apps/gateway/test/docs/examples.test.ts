import { writeFileSync } from 'node:fs';
import { type Recorded, recordedFile, recordedSteps } from '../../src/docs/examples.ts';
import { leftOut, tour } from '../../src/docs/tour.ts';
import { type Stack, startStack } from '../e2e/stack.ts';
import { lasting, shown } from './likeness.ts';
import { platforms, Tourist } from './tourist.ts';

const recording = process.env['FLEETGATE_TEST_RECORD'] === 'on';

let stack: Stack;
let paths: Record<string, Record<string, { operationId: string }>>;
beforeAll(async () => {
  stack = await startStack(platforms);
  await stack.reach('fresh');
});
afterAll(() => stack?.close());

const steps = tour.flatMap(({ steps: all }) => all);

async function walked(): Promise<Recorded[]> {
  const document = (await stack.ask('/openapi.json', { key: null })).body as { paths: typeof paths };
  paths = document.paths;
  const tourist = new Tourist(stack, document);
  const answers: Recorded[] = [];
  for (const step of steps) {
    const taken = await tourist.take(step);
    answers.push({ ...taken, answer: shown(taken.answer) });
  }
  return answers;
}

it('every example of the document is what a gateway over the sandbox answers', async () => {
  const answers = await walked();
  if (recording) {
    const before = recordedSteps();
    // What only passes stays as it was, so that a new recording shows what is different.
    const kept = answers.map((one, at) => {
      const old = before.find(({ operation }, place) => operation === one.operation && place === at);
      return old && JSON.stringify(lasting(old)) === JSON.stringify(lasting(one)) ? old : one;
    });
    writeFileSync(recordedFile, `${JSON.stringify(kept, null, 2)}\n`);
  }
  const recorded = recordedSteps();
  expect(recorded.map(({ operation }) => operation)).toEqual(steps.map(({ operation }) => operation));
  for (const [at, answer] of answers.entries()) expect(lasting(answer)).toEqual(lasting(recorded[at]));
});

it('every operation is on the tour, or it is said why not', () => {
  const known = Object.values(paths).flatMap((item) => Object.values(item).map((one) => one.operationId));
  const visited = new Set([...steps.map(({ operation }) => operation), ...Object.keys(leftOut)]);
  expect([...visited].sort()).toEqual([...new Set(known)].sort());
});
