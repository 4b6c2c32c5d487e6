import assert from 'node:assert/strict';
import { type Fault, type FaultCode, recordSchemas } from '@fleetgate/model';
import { assertCode, faultOf, promptly } from '../claims.ts';
import { type NamedOperation, operationsOf, prepare, type Run } from '../operations.ts';
import type { ConformanceTest } from '../options.ts';
import type { Subject, SubjectOptions } from '../subject.ts';
import type { Suite } from '../suite.ts';
import type { UpstreamFault } from '../upstream.ts';

const group = 'faults';
/** What one call may send when everything fails: its requests, a probe of what the failure means, a renewal. */
const failedBound = 24;
const megabyte = 2 ** 20;
/** the runtime reads no more than 16 MiB of a body; the rest is what fits into the buffers of two sockets */
const deliveredBound = 24 * megabyte;

const statuses: readonly { status: number; codes: readonly FaultCode[] }[] = [
  { status: 400, codes: ['invalid'] },
  { status: 401, codes: ['unauthenticated'] },
  { status: 403, codes: ['forbidden'] },
  { status: 409, codes: ['conflict'] },
  { status: 422, codes: ['invalid'] },
  { status: 429, codes: ['rate_limited'] },
  { status: 500, codes: ['unexpected'] },
  { status: 503, codes: ['unexpected'] },
];

const laterFaults: readonly UpstreamFault[] = [
  { kind: 'status', status: 503 },
  { kind: 'not_json' },
  { kind: 'reset' },
];

export function faultTests(suite: Suite): ConformanceTest[] {
  return operationsOf(suite.kinds).flatMap((operation) => faultTestsOf(suite, operation));
}

function faultTestsOf(suite: Suite, operation: NamedOperation): ConformanceTest[] {
  /** Runs the operation while every request meets `fault`. */
  const under = (
    name: string,
    fault: UpstreamFault,
    check: (run: Run, subject: Subject) => Promise<void>,
    subjectOptions?: SubjectOptions,
  ): ConformanceTest =>
    suite.test(
      group,
      `${operation.name}: ${name}`,
      async (subject) => {
        const run = await prepare(subject, operation);
        subject.upstream.control.inject({ fault });
        await check(run, subject);
      },
      subjectOptions,
    );

  const notFound: readonly FaultCode[] =
    operation.verb === 'get' ? ['not_found'] : ['not_found', 'unexpected'];
  return [
    ...[...statuses, { status: 404, codes: notFound }].map(({ status, codes }) =>
      under(`${status} is ${codes.join(' or ')}`, { kind: 'status', status }, async (run, subject) => {
        const fault = await faultOf(run(subject.call()));
        assertCode(fault, ...codes);
        assertStatus(fault, status);
        const count = subject.upstream.control.requests().length;
        assert.ok(count <= failedBound, `${count} requests for one call`);
        assert.ok(subject.logins().length <= 1, `${subject.logins().length} renewals for one call`);
      }),
    ),
    under(
      '429 with Retry-After says how long to wait',
      { kind: 'rate_limited', retryAfterSeconds: 7 },
      async (run, subject) => {
        const fault = await faultOf(run(subject.call()));
        assertCode(fault, 'rate_limited');
        assert.equal(fault.retryAfterMs, 7000);
        assertStatus(fault, 429);
      },
    ),
    under('a reset connection is unavailable', { kind: 'reset' }, async (run, subject) => {
      assertCode(await faultOf(run(subject.call())), 'unavailable');
    }),
    under('half a body is unavailable', { kind: 'half_body' }, async (run, subject) => {
      assertCode(await faultOf(run(subject.call())), 'unavailable');
    }),
    under('no answer before the end of the call is timeout', { kind: 'hang' }, async (run, subject) => {
      const work = faultOf(run(subject.call(AbortSignal.timeout(100))));
      assertCode(await promptly(work, 'the call did not end'), 'timeout');
    }),
    under('no answer within timeoutMs is timeout', { kind: 'hang' }, async (run, subject) => {
      const settings = { ...subject.settings, timeoutMs: 100 };
      const work = faultOf(run(subject.call(), subject.connect({ settings, tokens: subject.tokens })));
      assertCode(await promptly(work, 'the request did not end'), 'timeout');
    }),
    under('an answer that is not JSON is unexpected', { kind: 'not_json' }, async (run, subject) => {
      const fault = await faultOf(run(subject.call()));
      assertCode(fault, 'unexpected');
      assertStatus(fault, 200);
    }),
    suite.test(group, `${operation.name}: an answer of the wrong shape is no answer`, async (subject) => {
      const run = await prepare(subject, operation);
      const { control } = subject.upstream;
      for (const times of [1, 1000]) {
        control.clear();
        control.inject({ fault: { kind: 'wrong_shape' }, times });
        await assertNoNonsense(operation, run(subject.call()));
      }
    }),
    under(
      'an endless body is unexpected, and is not read to its end',
      { kind: 'huge', bytes: 64 * megabyte },
      async (run, subject) => {
        const before = subject.relay.delivered();
        const work = faultOf(run(subject.call()));
        assertCode(await promptly(work, 'the call did not end'), 'unexpected');
        const read = subject.relay.delivered() - before;
        assert.ok(read <= deliveredBound, `${Math.round(read / megabyte)} MiB were read`);
      },
      { relay: true },
    ),
    suite.test(
      group,
      `${operation.name}: a failure of a later request is not passed over`,
      async (subject) => {
        const run = await prepare(subject, operation);
        const { control } = subject.upstream;
        const clean = await run(subject.call());
        const count = control.requests().length;
        for (let skip = 1; skip < Math.min(count, 6); skip += 1) {
          for (const fault of laterFaults) {
            control.clear();
            control.inject({ fault, skip, times: 1 });
            const outcome = await run(subject.call()).then(
              (value) => ({ value }),
              () => undefined, // a failure that is told is what this asks for
            );
            if (outcome) assert.deepEqual(outcome.value, clean, 'the answer changed without a word');
          }
        }
      },
    ),
  ];
}

function assertStatus(fault: Fault, status: number): void {
  assert.equal(fault.upstream?.status, status, `upstream.status of the fault "${fault.message}"`);
}

/**
 * A list cannot be made of something that is no list. What is read leniently may come out right where the nonsense was in a
 * part that nobody reads, but then it is a whole and valid answer.
 */
async function assertNoNonsense(operation: NamedOperation, work: Promise<unknown>): Promise<void> {
  if (operation.verb === 'list') {
    assertCode(await faultOf(work), 'unexpected');
    return;
  }
  const outcome = await work.then(
    (value) => ({ value }),
    () => undefined, // the next line looks at what it was
  );
  if (!outcome) assertCode(await faultOf(work), 'unexpected');
  else if (operation.kind === null) {
    const name = (outcome.value as { name?: unknown }).name;
    assert.ok(name === null || typeof name === 'string', `the name is ${JSON.stringify(name)}`);
  } else {
    const parsed = recordSchemas[operation.kind].safeParse(outcome.value);
    assert.ok(parsed.success, parsed.error?.message);
  }
}
