import assert from 'node:assert/strict';
import type { Provider } from '@fleetgate/provider-spec';
import { assertCode, eventually, faultOf, rejectionOf } from '../claims.ts';
import { operationsOf, prepare } from '../operations.ts';
import type { ConformanceTest } from '../options.ts';
import type { Subject } from '../subject.ts';
import type { Suite } from '../suite.ts';
import type { SeenRequest } from '../upstream.ts';

const group = 'session';
/** What one operation may send when its credentials are refused: its requests, a renewal, and all of them once more. */
const refusedBound = 24;
const day = 24 * 60 * 60 * 1000;

/**
 * Whether the upstream has sessions shows in the tests themselves: after `expireSessions` an upstream with sessions refuses what
 * was sent before, one with lasting keys does not.
 */
export function sessionTests(suite: Suite): ConformanceTest[] {
  return [
    ...operationsOf(suite.kinds).map((operation) =>
      suite.test(
        group,
        `${operation.name}: refused credentials are unauthenticated, and no loop`,
        async (subject) => {
          const run = await prepare(subject, operation);
          const provider = subject.connect({ settings: suite.refusedSettings(subject.upstream) });
          assertCode(await faultOf(run(subject.call(), provider)), 'unauthenticated');
          const count = subject.upstream.control.requests().length;
          assert.ok(count >= 1, 'nothing was asked');
          assert.ok(count <= refusedBound, `${count} requests for one refused call`);
        },
      ),
    ),
    suite.test(group, 'an ended session is renewed once, and the call succeeds', async (subject) => {
      const { control } = subject.upstream;
      const identify = identifyOf(subject, subject.provider);
      await identify();
      const before = credentialOf(subject);
      control.expireSessions();
      control.forget();
      await identify();
      assert.equal(subject.logins().length, hasSessions(subject, before) ? 1 : 0, 'renewals');
      control.forget();
      await identify();
      assert.equal(subject.logins().length, 0, 'renewals of the call after');
    }),
    ...operationsOf(suite.kinds).map((operation) =>
      suite.test(group, `${operation.name}: succeeds across the end of a session`, async (subject) => {
        const run = await prepare(subject, operation);
        const before = await run(subject.call());
        subject.upstream.control.expireSessions();
        assert.deepEqual(await run(subject.call()), before);
      }),
    ),
    suite.test(group, 'a session that ended with time is renewed', async (subject) => {
      const identify = identifyOf(subject, subject.provider);
      await identify();
      subject.upstream.control.clock.advance(2 * day);
      subject.upstream.control.forget();
      await identify();
      assert.ok(subject.logins().length <= 1, `${subject.logins().length} renewals`);
    }),
    suite.test(group, 'twenty simultaneous first callers log in once', async (subject) => {
      const identify = identifyOf(subject, subject.provider);
      await Promise.all(Array.from({ length: 20 }, () => identify()));
      assert.ok(subject.logins().length <= 1, `${subject.logins().length} logins`);
    }),
    suite.test(
      group,
      'twenty simultaneous callers after the end of a session renew it once',
      async (subject) => {
        const { control } = subject.upstream;
        const identify = identifyOf(subject, subject.provider);
        await identify();
        const before = credentialOf(subject);
        control.expireSessions();
        control.forget();
        await Promise.all(Array.from({ length: 20 }, () => identify()));
        assert.equal(subject.logins().length, hasSessions(subject, before) ? 1 : 0, 'renewals');
      },
    ),
    suite.test(group, 'replicas that share a token store share one session', async (subject) => {
      const tokens = subject.newTokens();
      const replicas = [1, 2, 3].map(() => identifyOf(subject, subject.connect({ tokens })));
      await Promise.all(replicas.map((identify) => identify()));
      assert.ok(subject.logins().length <= 1, `${subject.logins().length} logins`);
      const before = credentialOf(subject);
      subject.upstream.control.expireSessions();
      subject.upstream.control.forget();
      await Promise.all(replicas.map((identify) => identify()));
      assert.equal(subject.logins().length, hasSessions(subject, before) ? 1 : 0, 'renewals');
    }),
    suite.test(
      group,
      'a caller who gives up during the renewal does not fail the others',
      async (subject) => {
        const { control } = subject.upstream;
        const { identify } = subject.provider.account;
        await identify({}, subject.call());
        control.expireSessions();
        control.forget();
        // Every answer takes its time, so that the renewal is still under way when the caller leaves.
        control.inject({ fault: { kind: 'latency', ms: 250 } });
        const leaving = new AbortController();
        const first = settled(identify({}, subject.call(leaving.signal)));
        const isRenewing = () => subject.logins().length > 0;
        let answered = false;
        void first.then(() => {
          answered = true;
        });
        await eventually(() => answered || isRenewing());
        const others = Array.from({ length: 3 }, () => identify({}, subject.call()));
        if (isRenewing()) {
          leaving.abort();
          assert.ok('error' in (await first), 'the caller who gave up got an answer');
        }
        await Promise.all(others);
        assert.ok(subject.logins().length <= 1, `${subject.logins().length} renewals`);
      },
    ),
    suite.test(group, 'a failed renewal is not kept: the next call tries again', async (subject) => {
      const { control } = subject.upstream;
      const { identify } = subject.provider.account;
      await identify({}, subject.call());
      control.expireSessions();
      control.inject({ fault: { kind: 'status', status: 503 } });
      await rejectionOf(identify({}, subject.call()));
      control.clear();
      await identify({}, subject.call());
    }),
  ];
}

function identifyOf(subject: Subject, provider: Provider): () => Promise<unknown> {
  return () => provider.account.identify({}, subject.call());
}

function settled(work: Promise<unknown>): Promise<{ value: unknown } | { error: unknown }> {
  return work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
}

/** What the last request that is no login carried beside the headers that say nothing of who we are. */
function credentialOf(subject: Subject): string {
  const logins = subject.logins();
  const last = subject.upstream.control.requests().findLast((request) => !logins.includes(request));
  const telling = Object.entries(last?.headers ?? {}).filter(([name]) =>
    /auth|key|token|cookie|session/.test(name),
  );
  return JSON.stringify(telling.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function hasSessions(subject: Subject, credentialBefore: string): boolean {
  return refusals(subject).length > 0 || credentialOf(subject) !== credentialBefore;
}

function refusals(subject: Subject): SeenRequest[] {
  return subject.upstream.control.requests().filter(({ status }) => status === 401);
}
