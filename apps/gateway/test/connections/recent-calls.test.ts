import type { OperationEvent } from '@fleetgate/provider-runtime';
import { RecentCalls } from '../../src/connections/recent-calls.ts';

const ended: OperationEvent = {
  connection: 'fm',
  provider: 'fleet-manager',
  operation: 'clusters.list',
  class: 'sync',
  requestId: 'request-0001',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  startedAt: 0,
  ms: 5,
  coalesced: false,
};
const failed = { ...ended, fault: 'unavailable', message: 'the caller gave up' } as const;

it('counts what the upstream has failed, and not what its caller has left', () => {
  let now = 1_000_000;
  const calls = new RecentCalls(() => now);
  calls.operation(ended);
  calls.operation({ ...failed, abandoned: true });
  expect(calls.of('fm')).toEqual({ calls: 1, rate: 1, lastError: null });
  calls.operation(failed);
  expect(calls.of('fm')).toMatchObject({ calls: 2, rate: 0.5, lastError: { code: 'unavailable' } });
  now += 6 * 60_000;
  expect(calls.of('fm')).toMatchObject({ calls: 0, rate: null, lastError: { atMs: 1_000_000 } });
});
