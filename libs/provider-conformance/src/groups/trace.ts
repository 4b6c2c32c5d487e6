import assert from 'node:assert/strict';
import { assertCode, eventually, faultOf, promptly } from '../claims.ts';
import { operationsOf, prepare } from '../operations.ts';
import type { ConformanceTest } from '../options.ts';
import type { Suite } from '../suite.ts';

const group = 'trace';
/** in milliseconds */
const deadlineMs = 120;

/** Under the runtime, which is what puts the call's headers on every request and its deadline over every operation. */
export function traceTests(suite: Suite): ConformanceTest[] {
  return operationsOf(suite.kinds).flatMap((operation) => [
    suite.test(
      group,
      `${operation.name}: every request carries the request id and trace of its call`,
      async (subject) => {
        const run = await prepare(subject, operation);
        // A fresh one, so that the login belongs to this call too.
        const provider = subject.connectRuntime();
        const call = subject.call();
        await run(call, provider);
        const requests = subject.upstream.control.requests();
        assert.ok(requests.length > 0, 'nothing was asked');
        const [version, traceId] = call.traceparent.split('-');
        for (const { method, path, headers } of requests) {
          assert.equal(headers['x-request-id'], call.requestId, `X-Request-Id of ${method} ${path}`);
          assert.match(headers.traceparent ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/);
          assert.deepEqual(headers.traceparent?.split('-').slice(0, 2), [version, traceId]);
        }
      },
    ),
    suite.test(
      group,
      `${operation.name}: the deadline ends the request, and its socket is freed`,
      async (subject) => {
        const run = await prepare(subject, operation);
        const deadlines = { readMs: deadlineMs, listMs: deadlineMs };
        const provider = subject.connectRuntime({ deadlines, tokens: subject.tokens });
        subject.upstream.control.inject({ fault: { kind: 'hang' } });
        const fault = await promptly(faultOf(run(subject.call(), provider)), 'the call did not end');
        assertCode(fault, 'timeout');
        const freed = await eventually(() => subject.relay.waiting() === 0);
        assert.ok(freed, 'the upstream still has the request');
      },
      { relay: true },
    ),
  ]);
}
