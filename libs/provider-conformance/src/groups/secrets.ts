import assert from 'node:assert/strict';
import { rejectionOf } from '../claims.ts';
import { operationsOf, prepare } from '../operations.ts';
import type { ConformanceTest } from '../options.ts';
import { carriedSecrets, holdsSecret, lastingSecrets, secretsOf, textOf } from '../secrets.ts';
import type { Subject } from '../subject.ts';
import type { Suite } from '../suite.ts';
import type { FaultRule, UpstreamFault } from '../upstream.ts';

const group = 'secrets';
const minute = 60_000;

export function secretTests(suite: Suite): ConformanceTest[] {
  return [
    ...operationsOf(suite.kinds).flatMap((operation) => [
      suite.test(group, `${operation.name}: no fault tells a credential`, async (subject) => {
        const run = await prepare(subject, operation);
        await run(subject.call());
        const faults: UpstreamFault[] = [
          ...[400, 401, 403, 500].map((status) => ({ kind: 'status' as const, status })),
          { kind: 'reset' },
          { kind: 'half_body' },
          { kind: 'not_json' },
        ];
        await assertSilent(suite, subject, () => run(subject.call()), always(faults));
      }),
      suite.test(group, `${operation.name}: nor when the upstream says it back`, async (subject) => {
        const run = await prepare(subject, operation);
        await run(subject.call());
        // What an upstream can say back is what it was sent: secrets at the login, tokens and keys everywhere else.
        const atLogin = echoes(lastingSecrets(suite, subject.settings));
        const elsewhere = echoes(carriedSecrets(subject));
        const sayings = [200, 400, 401, 500].flatMap((status) =>
          elsewhere.map((body, at): FaultRule[] => [
            {
              fault: { kind: 'status', status, body: atLogin[at] },
              match: { method: 'POST', path: subject.sessionPath.source },
            },
            { fault: { kind: 'status', status, body } },
          ]),
        );
        await assertSilent(suite, subject, () => run(subject.call()), sayings);
      }),
    ]),
    suite.test(group, 'refused credentials are not told', async (subject) => {
      const settings = suite.refusedSettings(subject.upstream);
      const provider = subject.connect({ settings });
      const error = await rejectionOf(provider.account.identify({}, subject.call()));
      const secrets = secretsOf(suite, subject, settings);
      assert.ok(!holdsSecret(textOf(error), secrets), 'the fault holds a credential');
    }),
    suite.test(group, 'refused settings are not told', async ({ settings }) => {
      const secrets = Object.entries(settings)
        .filter(([name, value]) => suite.secretNames.has(name) && typeof value === 'string')
        .map(([, value]) => value as string);
      for (const wrong of [{ surprise: 1 }, { baseUrl: 'nowhere' }, { timeoutMs: -1 }]) {
        const parsed = suite.parse({ ...settings, ...wrong });
        assert.ok(!parsed.success);
        assert.ok(!holdsSecret(textOf(parsed.error), secrets), 'the refusal holds a credential');
      }
    }),
    suite.test(group, 'a renewal that fails tells no token', async (subject) => {
      const { control } = subject.upstream;
      const identify = () => subject.provider.account.identify({}, subject.call());
      await identify();
      // Step by step over the time in which a token is lengthened before it ends, wherever that lies.
      for (let step = 0; step < 8; step += 1) {
        await assertSilent(
          suite,
          subject,
          identify,
          always([{ kind: 'reset' }, { kind: 'status', status: 500 }]),
        );
        control.clock.advance(2 * minute);
      }
      control.expireSessions();
      await assertSilent(suite, subject, identify, always([{ kind: 'reset' }, { kind: 'not_json' }]));
    }),
  ];
}

/** Runs the operation under each set of rules in turn; no error that comes of it may hold a secret. */
async function assertSilent(
  suite: Suite,
  subject: Subject,
  run: () => Promise<unknown>,
  sets: readonly (readonly FaultRule[])[],
): Promise<void> {
  const { control } = subject.upstream;
  for (const rules of sets) {
    control.clear();
    for (const rule of rules) control.inject(rule);
    const error = await run().then(
      () => undefined,
      (reason: unknown) => reason,
    );
    const what = JSON.stringify(rules.at(-1)?.fault).slice(0, 200);
    assert.ok(!holdsSecret(textOf(error), secretsOf(suite, subject)), `told in the fault under ${what}`);
  }
  control.clear();
}

function always(faults: readonly UpstreamFault[]): FaultRule[][] {
  return faults.map((fault) => [{ fault }]);
}

/** The secrets in all the places where the error answers of upstreams keep their words. */
export function echoes(secrets: readonly string[]): unknown[] {
  const text = `refused: ${secrets.join(' and ')}`;
  const words = { code: text, message: text, status: text, ref: text, detail: text, title: text };
  return [
    { ...words, error: text, errors: [text], details: text },
    {
      ...words,
      error: { ...words, details: [{ field: text, message: text }] },
      requestId: text,
      result: text,
    },
    { ...words, statusCode: 400, message: [text], error: text },
    [text],
    text,
  ];
}
