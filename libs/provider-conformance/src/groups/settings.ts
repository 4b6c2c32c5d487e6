import assert from 'node:assert/strict';
import type { z } from 'zod';
import type { ConformanceTest } from '../options.ts';
import { secretName } from '../secrets.ts';
import type { Suite } from '../suite.ts';
import { walkAll } from '../walks.ts';

const group = 'settings';

export function settingsTests(suite: Suite): ConformanceTest[] {
  const refuses = (settings: unknown, what: string, field?: string): void => {
    const parsed = suite.parse(settings);
    assert.ok(!parsed.success, `accepted: ${what}`);
    if (field === undefined) return;
    const named = namesIn(parsed.error.issues);
    assert.ok(named.includes(field), `${what}: the refusal names ${JSON.stringify(named)}, not ${field}`);
  };

  return [
    suite.test(group, 'an unknown setting is refused by name', async ({ settings }) => {
      refuses({ ...settings, surprise: 1 }, 'an unknown setting', 'surprise');
    }),
    suite.test(group, 'a missing setting is refused by name', async ({ settings }) => {
      const required = Object.keys(settings).filter((name) => !suite.parse(without(settings, name)).success);
      assert.ok(required.includes('baseUrl'), 'baseUrl can be left out');
      assert.ok(required.length > 1, 'all credentials can be left out');
      for (const name of required) refuses(without(settings, name), `settings without ${name}`, name);
    }),
    suite.test(group, 'a setting of the wrong type is refused by name', async ({ settings }) => {
      for (const name of Object.keys(settings)) refuses({ ...settings, [name]: [] }, `${name}: []`, name);
    }),
    suite.test(group, 'secrets are marked as secret', async ({ upstream }) => {
      assert.ok(suite.secretNames.size > 0, 'no setting is marked as secret');
      const names = [...suite.settingNames, ...Object.keys(upstream.credentials)];
      const bare = names.filter((name) => secretName.test(name) && !suite.secretNames.has(name));
      assert.deepEqual(bare, [], 'settings that are not marked');
    }),
    suite.test(group, 'baseUrl must be an http or https address', async ({ settings }) => {
      for (const baseUrl of [
        'ftp://example.org',
        'file:///etc/passwd',
        'example.org',
        '//example.org',
        '',
        'https://',
        42,
      ]) {
        refuses({ ...settings, baseUrl }, `baseUrl ${JSON.stringify(baseUrl)}`, 'baseUrl');
      }
    }),
    suite.test(group, 'baseUrl may end with a slash', async (subject) => {
      const settings = { ...subject.settings, baseUrl: `${String(subject.settings.baseUrl)}/` };
      const provider = subject.connect({ settings });
      await provider.account.identify({}, subject.call());
      for (const kind of suite.kinds) await walkAll(subject, subject.facet(kind, provider));
      const doubled = subject.upstream.control.requests().filter(({ path }) => path.includes('//'));
      assert.deepEqual(doubled, []);
    }),
    suite.test(group, 'limits and timeoutMs may be set', async ({ settings }) => {
      const limits = { concurrency: 3, requestsPerSecond: 7, burst: 2 };
      const parsed = suite.parse({ ...settings, limits, timeoutMs: 5000 });
      assert.ok(parsed.success, parsed.error?.message);
      const kept = suite.limits({ ...settings, limits });
      const { hedging: _, ...numbers } = kept; // a provider may have it off by itself
      assert.deepEqual(numbers, { concurrency: 3, perSecond: 7, burst: 2 });
      assert.equal(suite.limits({ ...settings, limits: { hedging: false } }).hedging, false);
    }),
    suite.test(group, 'limits are there without being set', async ({ settings }) => {
      const { concurrency, perSecond, burst } = suite.limits(settings);
      assert.ok(Number.isInteger(concurrency) && concurrency >= 1, `concurrency ${concurrency}`);
      assert.ok(perSecond === undefined || perSecond > 0, `perSecond ${perSecond}`);
      assert.ok(burst === undefined || burst >= 1, `burst ${burst}`);
    }),
    suite.test(group, 'senseless limits and timeouts are refused', async ({ settings }) => {
      for (const limits of [
        { concurrency: 0 },
        { concurrency: 1.5 },
        { concurrency: 'many' },
        { requestsPerSecond: 0 },
        { requestsPerSecond: -1 },
        { burst: 0 },
        { surprise: 1 },
        'none',
      ]) {
        refuses({ ...settings, limits }, `limits ${JSON.stringify(limits)}`);
      }
      for (const timeoutMs of [0, -1, 1.5, '5000', null, 1e12]) {
        refuses({ ...settings, timeoutMs }, `timeoutMs ${JSON.stringify(timeoutMs)}`, 'timeoutMs');
      }
    }),
  ];
}

function without(settings: Readonly<Record<string, unknown>>, name: string): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).filter(([other]) => other !== name));
}

/** Every field that a refusal names, in any alternative of a union. */
function namesIn(issues: readonly z.core.$ZodIssue[]): string[] {
  return issues.flatMap((issue) => [
    ...issue.path.map(String),
    ...(issue.code === 'unrecognized_keys' ? issue.keys : []),
    ...(issue.code === 'invalid_union' ? issue.errors.flatMap((errors) => namesIn(errors)) : []),
  ]);
}
