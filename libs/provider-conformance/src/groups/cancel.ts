import assert from 'node:assert/strict';
import { eventually, promptly, rejectionOf } from '../claims.ts';
import { operationsOf, prepare } from '../operations.ts';
import type { ConformanceTest } from '../options.ts';
import type { Suite } from '../suite.ts';

const group = 'cancel';

export function cancelTests(suite: Suite): ConformanceTest[] {
  return operationsOf(suite.kinds).flatMap((operation) => [
    suite.test(
      group,
      `${operation.name}: a caller who leaves ends the request and frees its socket`,
      async (subject) => {
        const run = await prepare(subject, operation);
        subject.upstream.control.inject({ fault: { kind: 'hang' } });
        const leaving = new AbortController();
        const rejection = rejectionOf(run(subject.call(leaving.signal)));
        assert.ok(await eventually(() => subject.relay.waiting() > 0), 'nothing was asked');
        leaving.abort();
        await promptly(rejection, 'the call did not end');
        assert.ok(await eventually(() => subject.relay.waiting() === 0), 'the socket is still taken');
      },
      { relay: true },
    ),
    suite.test(
      group,
      `${operation.name}: a caller who has left already costs no request`,
      async (subject) => {
        const run = await prepare(subject, operation);
        const rejection = rejectionOf(run(subject.call(AbortSignal.abort())));
        await promptly(rejection, 'the call did not end');
        assert.deepEqual(subject.upstream.control.requests(), []);
      },
    ),
  ]);
}
