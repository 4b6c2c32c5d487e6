import assert from 'node:assert/strict';
import type { FaultCode } from '@fleetgate/model';
import { dryRunJournal } from '@fleetgate/provider-runtime';
import { type Attempts, attemptsAt, operationOf, type Sampled } from '../attempt.ts';
import { assertCode, eventually, faultOf, promptly, rejectionOf } from '../claims.ts';
import type { ConformanceTest } from '../options.ts';
import { Died } from '../progress.ts';
import type { WriteResult } from '../samples.ts';
import { carriedSecrets, holdsSecret, secretsOf, textOf } from '../secrets.ts';
import type { Subject, SubjectOptions } from '../subject.ts';
import type { Suite, Write } from '../suite.ts';
import { keysOfNothing } from '../unknown-keys.ts';
import { echoes } from './secrets.ts';

/** A write of more steps than this does not end. */
const stepBound = 20;

const refusals: readonly { status: number; codes: readonly FaultCode[] }[] = [
  { status: 400, codes: ['invalid'] },
  { status: 403, codes: ['forbidden'] },
  { status: 404, codes: ['not_found'] },
  { status: 409, codes: ['conflict'] },
  { status: 422, codes: ['invalid'] },
  { status: 429, codes: ['rate_limited'] },
];

/** What holds for every operation that changes something, whatever it is. */
export function writeTests(suite: Suite): ConformanceTest[] {
  return suite.writes.flatMap((write) => [
    ...onceTests(suite, write),
    ...refusalTests(suite, write),
    ...callTests(suite, write),
  ]);
}

type Work = (make: () => Promise<Sampled>, subject: Subject, attempts: Attempts) => Promise<void>;

function tester(suite: Suite, write: Write) {
  return (name: string, work: Work, options?: SubjectOptions): ConformanceTest =>
    suite.test(
      write.facet,
      `${write.operation}: ${name}`,
      (subject) => {
        const attempts = attemptsAt(suite, subject, write);
        return work(attempts.make, subject, attempts);
      },
      options,
    );
}

function onceTests(suite: Suite, write: Write): ConformanceTest[] {
  const test = tester(suite, write);
  return [
    test('asked for twice in one write, it is done once', async (make, { changes }) => {
      const attempt = await make();
      const first = await attempt.run();
      const count = changes.sent().length;
      assert.ok(count > 0, 'no request was marked as one that changes something');
      assert.deepEqual(attempt.progress.begun(), [], 'steps that are left as begun');
      const again = await attempt.run();
      assert.equal(changes.sent().length, count, 'requests that change something, after the second time');
      assert.deepEqual(again?.key, first?.key);
      await attempt.assertDone(again);
    }),
    test('what took effect and lost its answer is found, and not sent again', (make, subject) =>
      everyTime(async (at) => {
        const attempt = await make();
        subject.changes.meet({ kind: 'lost answer' }, at);
        const first = await outcomeOf(attempt.run());
        if (!subject.changes.met()) return false;
        const result = first.error === undefined ? first.value : await attempt.run();
        assertNoneTwice(write, subject);
        await attempt.assertDone(result);
        return true;
      })),
    test('a process that ends before it has recorded an effect is taken up, and nothing is sent twice', (make, subject) =>
      everyTime(async (at) => {
        const attempt = await make();
        attempt.progress.die('before recording', at);
        const first = await outcomeOf(attempt.run());
        if (!attempt.progress.died()) return false;
        assert.ok(first.error instanceof Died, 'the end of the process was passed over');
        const result = await attempt.run();
        assertNoneTwice(write, subject);
        await attempt.assertDone(result);
        return true;
      })),
    test('what never took effect is done by whoever takes it up', async (make, { changes }) => {
      await everyTime(async (at) => {
        const attempt = await make();
        changes.meet({ kind: 'fault', fault: { kind: 'reset' } }, at);
        const first = await outcomeOf(attempt.run());
        if (!changes.met()) return false;
        const result = first.error === undefined ? first.value : await attempt.run();
        await attempt.assertDone(result);
        return true;
      });
      await everyTime(async (at) => {
        const attempt = await make();
        attempt.progress.die('before sending', at);
        await outcomeOf(attempt.run());
        if (!attempt.progress.died()) return false;
        await attempt.assertDone(await attempt.run());
        return true;
      });
    }),
    test(
      'a caller who leaves ends it and frees the socket, and it can be taken up',
      async (make, subject) => {
        const attempt = await make();
        subject.changes.meet({ kind: 'fault', fault: { kind: 'hang' } });
        const leaving = new AbortController();
        const rejection = rejectionOf(attempt.run({ signal: leaving.signal }));
        assert.ok(
          await eventually(() => subject.changes.met() && subject.relay.waiting() > 0),
          'nothing was asked',
        );
        leaving.abort();
        await promptly(rejection, 'the call did not end');
        assert.ok(await eventually(() => subject.relay.waiting() === 0), 'the socket is still taken');
        subject.upstream.control.clear();
        await attempt.assertDone(await attempt.run());
      },
      { relay: true },
    ),
    test('a caller who has left already costs no request, and begins nothing', async (make, subject) => {
      const attempt = await make();
      await promptly(rejectionOf(attempt.run({ signal: AbortSignal.abort() })), 'the call did not end');
      assert.deepEqual(subject.upstream.control.requests(), []);
    }),
  ];
}

function refusalTests(suite: Suite, write: Write): ConformanceTest[] {
  const test = tester(suite, write);
  return [
    test('a refusal is a fault of its own code, and leaves nothing begun', async (make, { changes }) => {
      const attempt = await make();
      for (const { status, codes } of refusals) {
        changes.meet({ kind: 'fault', fault: { kind: 'status', status } });
        const fault = await faultOf(attempt.run(), `${write.name} refused with ${status}`);
        assert.ok(changes.met(), 'the change was not sent');
        assertCode(fault, ...codes);
        assert.equal(fault.upstream?.status, status, `upstream.status of the fault "${fault.message}"`);
        assert.deepEqual(attempt.progress.begun(), [], `steps that are left as begun after a ${status}`);
      }
      await attempt.assertUntouched();
      await attempt.assertDone(await attempt.run());
    }),
    test('a failure of the upstream is unexpected, and may have taken effect', async (make, { changes }) => {
      for (const status of [500, 503]) {
        const attempt = await make();
        changes.meet({ kind: 'fault', fault: { kind: 'status', status } });
        const first = await outcomeOf(attempt.run());
        if (first.error !== undefined) assertCode(await faultOf(Promise.reject(first.error)), 'unexpected');
        assert.ok(
          first.error === undefined || attempt.progress.begun().length > 0,
          'it was taken for refused',
        );
        await attempt.assertDone(first.error === undefined ? first.value : await attempt.run());
      }
    }),
    test('refused credentials are unauthenticated, and leave nothing begun', async (make, subject) => {
      const attempt = await make();
      const provider = subject.connect({ settings: suite.refusedSettings(subject.upstream) });
      assertCode(await faultOf(attempt.run({ provider })), 'unauthenticated');
      assert.deepEqual(attempt.progress.begun(), []);
      await attempt.assertUntouched();
    }),
    test('a session that ended before is renewed, and it is done once', async (make, subject) => {
      const attempt = await make();
      subject.upstream.control.expireSessions();
      await attempt.assertDone(await attempt.run());
    }),
    write.operation === 'create'
      ? test('under an unknown project it is refused', async (make, subject, attempts) => {
          const { input, assertUntouched } = await make();
          if (!input.projectKey) return; // it is made under none
          for (const projectKey of await keysOfNothing(subject, 'project', input.projectKey)) {
            const work = attempts.of({ ...input, projectKey }).run();
            assertCode(await faultOf(work, `under ${JSON.stringify(projectKey)}`), 'not_found', 'invalid');
          }
          await assertUntouched();
        })
      : test('an unknown key is not_found', async (make, subject, attempts) => {
          const { input, assertUntouched } = await make();
          assert.ok(input.key, 'the sample has no key');
          for (const key of await keysOfNothing(subject, write.kind, input.key)) {
            const attempt = attempts.of({ ...input, key });
            const fault = await faultOf(attempt.run(), `${write.name} of ${JSON.stringify(key)}`);
            assert.equal(fault.code, 'not_found', `${JSON.stringify(key)}: ${fault.message}`);
            assert.deepEqual(attempt.progress.begun(), [], 'steps that are left as begun');
          }
          await assertUntouched();
        }),
    test('no fault tells a credential', async (make, subject, attempts) => {
      const { input } = await make();
      const words = echoes([...carriedSecrets(subject)]);
      const faults = [
        ...[400, 403, 409, 422, 500].flatMap((status) =>
          [undefined, ...words].map((body) => ({
            kind: 'status' as const,
            status,
            ...(body === undefined ? {} : { body }),
          })),
        ),
        { kind: 'reset' as const },
        { kind: 'not_json' as const },
      ];
      for (const fault of faults) {
        const { run } = attempts.of(input);
        subject.changes.meet({ kind: 'fault', fault });
        const { error } = await outcomeOf(run());
        const told = holdsSecret(textOf(error), secretsOf(suite, subject));
        assert.ok(!told, `told in the fault under ${JSON.stringify(fault).slice(0, 200)}`);
      }
    }),
  ];
}

function callTests(suite: Suite, write: Write): ConformanceTest[] {
  const test = tester(suite, write);
  return [
    test('every request carries the request id and trace of its call', async (make, subject) => {
      const { input, progress } = await make();
      const call = subject.call(undefined, progress.journal());
      await operationOf(subject.connectRuntime(), write)(input, call);
      for (const { method, path, headers } of subject.upstream.control.requests()) {
        assert.equal(headers['x-request-id'], call.requestId, `X-Request-Id of ${method} ${path}`);
        assert.equal(headers.traceparent?.split('-')[1], call.traceparent.split('-')[1]);
      }
    }),
    test('a dry run changes nothing, and tells what would be sent', async (make, subject) => {
      const attempt = await make();
      const provider = subject.connectRuntime({ tokens: subject.tokens });
      const journal = dryRunJournal(`fg-${'0'.repeat(26)}`);
      await attempt.run({ provider, journal });
      assert.deepEqual(subject.changes.sent(), [], 'requests that change something');
      await attempt.assertUntouched();
      assert.ok(journal.requests.length > 0, 'it tells of no request');
      const secrets = secretsOf(suite, subject);
      for (const { step, method, url, body } of journal.requests) {
        assert.ok(step.trim() !== '' && /^(POST|PUT|PATCH|DELETE)$/.test(method), `${step}: ${method}`);
        assert.ok(url.startsWith(subject.upstream.origin), `the address ${url}`);
        assert.ok(!holdsSecret(`${url} ${body}`, secrets), 'a request that is told of holds a credential');
      }
      await attempt.run({ provider });
      assert.deepEqual(
        journal.requests.map(({ method }) => method),
        subject.changes.sent().map(({ method }) => method),
        'the requests that were told of, and those that are sent',
      );
    }),
  ];
}

/** Runs `work` for the first, second, … moment until it says that there was none; there must be one at least. */
async function everyTime(work: (at: number) => Promise<boolean>): Promise<void> {
  for (let at = 1; at <= stepBound; at += 1) {
    if (!(await work(at))) {
      assert.ok(at > 1, 'no request was marked as one that changes something');
      return;
    }
  }
  assert.fail(`the write has more than ${stepBound} steps`);
}

function outcomeOf(work: Promise<WriteResult>): Promise<{ value: WriteResult; error: unknown }> {
  return work.then(
    (value) => ({ value, error: undefined }),
    (error: unknown) => ({ value: undefined, error }),
  );
}

/** What makes something must not be sent again once it took effect. */
function assertNoneTwice({ operation }: Write, { changes }: Subject): void {
  if (operation !== 'create' && operation !== 'deploy') return;
  const posts = changes
    .sent()
    .filter(({ method }) => method === 'POST')
    .map(({ url, body }) => `${url} ${body ?? ''}`);
  assert.equal(new Set(posts).size, posts.length, `sent again: ${posts.join(', ')}`);
}
