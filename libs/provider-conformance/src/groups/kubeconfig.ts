import assert from 'node:assert/strict';
import type { GetInput } from '@fleetgate/provider-spec';
import { worldOf } from '../attempt.ts';
import { assertCode, faultOf, rejectionOf } from '../claims.ts';
import type { ConformanceTest } from '../options.ts';
import { holdsSecret, secretsOf, textOf } from '../secrets.ts';
import type { Subject } from '../subject.ts';
import { idleHost, type Suite, type Work } from '../suite.ts';
import { keysOfNothing } from '../unknown-keys.ts';
import type { UpstreamFault } from '../upstream.ts';
import { walkAll } from '../walks.ts';

/** A line of a kubeconfig that is shorter holds no secret. */
const tellingLength = 24;

export function kubeconfigTests(suite: Suite): ConformanceTest[] {
  const offered = suite.kinds.includes('cluster') && suite.connectExample(idleHost).clusters?.kubeconfig;
  if (!offered) return [];
  const test = (name: string, work: Work) => suite.test('clusters', `kubeconfig: ${name}`, work);
  const sampled = async (subject: Subject): Promise<GetInput> => {
    const sample = suite.samples.clusters?.kubeconfig;
    assert.ok(sample, 'the suite needs writes.clusters.kubeconfig, the key of a cluster that has one');
    return sample(worldOf(subject));
  };
  const fetched = async (subject: Subject, input: GetInput, provider = subject.provider) => {
    const { clusters } = provider;
    assert.ok(clusters?.kubeconfig);
    return clusters.kubeconfig(input, subject.call());
  };
  return [
    test('is a text that a client can use', async (subject) => {
      const { text } = await fetched(subject, await sampled(subject));
      for (const part of ['apiVersion:', 'clusters:', 'users:']) {
        assert.ok(text.includes(part), `it has no ${part}`);
      }
    }),
    test('is in no record, event or fault', async (subject) => {
      const input = await sampled(subject);
      const told: unknown[] = [];
      const observer = {
        operation: (event: unknown) => void told.push(event),
        request: (event: unknown) => void told.push(event),
      };
      const { text } = await fetched(subject, input, subject.connectRuntime({ observer }));
      assert.ok(told.length > 0);
      const secrets = secretLines(text);
      assert.ok(!holdsSecret(JSON.stringify(told), secrets), 'an event holds a part of it');
      const { records } = await walkAll(subject, subject.facet('cluster'));
      const got = await subject.facet('cluster').get(input, subject.call());
      assert.ok(!holdsSecret(JSON.stringify([records, got]), secrets), 'a record holds a part of it');
      const faults: UpstreamFault[] = [
        { kind: 'half_body' },
        { kind: 'wrong_shape' },
        { kind: 'status', status: 500, body: text },
        ...[text, { content: text }].map((body) => ({ kind: 'status' as const, status: 200, body })),
      ];
      for (const fault of faults) {
        subject.upstream.control.clear();
        subject.upstream.control.inject({ fault });
        const outcome = await fetched(subject, input).then(
          () => undefined,
          (error: unknown) => error,
        );
        const shown = textOf(outcome);
        assert.ok(
          !holdsSecret(shown, [...secrets, ...secretsOf(suite, subject)]),
          `told under ${fault.kind}`,
        );
      }
    }),
    test('of an unknown key is not_found', async (subject) => {
      const input = await sampled(subject);
      for (const key of await keysOfNothing(subject, 'cluster', input.key)) {
        assertCode(await faultOf(fetched(subject, { key }), JSON.stringify(key)), 'not_found');
      }
    }),
    test('a caller who has left already costs no request', async (subject) => {
      const input = await sampled(subject);
      subject.upstream.control.forget();
      await rejectionOf(
        Promise.resolve(subject.provider.clusters?.kubeconfig?.(input, subject.call(AbortSignal.abort()))),
      );
      assert.deepEqual(subject.upstream.control.requests(), []);
    }),
  ];
}

/** Values of lines that speak of a secret. */
function secretLines(text: string): string[] {
  return [...text.matchAll(/^.*(?:token|data|password|secret)[\w-]*: *(.+)$/gim)]
    .map(([, value]) => (value ?? '').trim().replace(/^["']|["']$/g, ''))
    .filter((value) => value.length >= tellingLength || /token|password/.test(value));
}
