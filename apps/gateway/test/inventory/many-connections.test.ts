import type { Upstream } from '@fleetgate/sandbox';
import { type Stack, startStack } from '../e2e/stack.ts';

/** Five times as many as are synced at once. */
const count = 80;

let stack: Stack;
beforeAll(async () => {
  stack = await startStack(
    Array.from({ length: count }, (_, n) => ({
      slug: `toolkit-${n}`,
      upstream: 'kubestellar-toolkit' as const,
      scale: 10,
      // so that all are due before the first is done
      before: ({ control }: Upstream) => control.inject({ fault: { kind: 'latency', ms: 100 } }),
    })),
  );
});
afterAll(() => stack?.close());

it('more connections than are synced at once are all known without a pause between one and the next', async () => {
  await stack.reach('fresh'); // a hand that pauses after each does so for half a minute
});
