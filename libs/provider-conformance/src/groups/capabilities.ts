import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { type AnyRecord, type Kind, keyText, type RecordOf, statuses } from '@fleetgate/model';
import { facetOf } from '@fleetgate/provider-spec';
import { assertCode, faultOf } from '../claims.ts';
import type { ConformanceTest } from '../options.ts';
import { referencesOf } from '../references.ts';
import { removeObject } from '../removal.ts';
import type { Subject } from '../subject.ts';
import type { Suite, Work } from '../suite.ts';
import { keysOfNothing } from '../unknown-keys.ts';
import { keysOf, walkAll } from '../walks.ts';

/** One group for each facet that the provider has. */
export function capabilityTests(suite: Suite): ConformanceTest[] {
  return suite.kinds.flatMap((kind) => [
    ...existenceTests(suite, kind),
    ...statusTests(suite, kind),
    ...referenceTests(suite, kind),
  ]);
}

function existenceTests(suite: Suite, kind: Kind): ConformanceTest[] {
  const test = (name: string, work: Work) => suite.test(facetOf[kind], name, work);
  return [
    test('list is not empty', async (subject) => {
      assert.ok((await recordsOf(subject, kind)).length > 0);
    }),
    test('get finds every listed key', async (subject) => {
      for (const { key } of await recordsOf(subject, kind)) {
        const got = await subject.facet(kind).get({ key }, subject.call());
        assert.deepEqual(got.key, key);
      }
    }),
    test('get of an unknown key is not_found', async (subject) => {
      const [first] = await recordsOf(subject, kind);
      assert.ok(first);
      for (const key of await keysOfNothing(subject, kind, first.key)) {
        const fault = await faultOf(subject.facet(kind).get({ key }, subject.call()), JSON.stringify(key));
        assert.equal(fault.code, 'not_found', `${JSON.stringify(key)}: ${fault.message}`);
      }
    }),
    test('an object that was removed is not_found and no longer listed', async (subject) => {
      const [, removed] = await recordsOf(subject, kind);
      assert.ok(removed, 'this test needs two objects');
      await removeObject(subject, kind, removed.key);
      assertCode(await faultOf(subject.facet(kind).get({ key: removed.key }, subject.call())), 'not_found');
      const left = await recordsOf(subject, kind);
      assert.ok(!keysOf(left).includes(keyText(removed.key)), 'it is still listed');
      assert.equal(left.length, subject.objects.size(kind), 'objects listed, and there');
    }),
  ];
}

function statusTests(suite: Suite, kind: Kind): ConformanceTest[] {
  const { unknownStatus } = suite.kindOptions(kind);
  if (statuses[kind].length === 0 || unknownStatus === null) return [];
  return [
    suite.test(facetOf[kind], 'a status word of tomorrow is unknown, and is kept', async (subject) => {
      assert.ok(unknownStatus, `the suite needs kinds.${kind}.unknownStatus (null: there is no status word)`);
      const [first] = await recordsOf(subject, kind);
      assert.ok(first);
      const touched = subject.objects.touch(kind, first.key, unknownStatus);
      assert.ok(touched, `the control finds no ${kind} ${subject.objects.nameOf(kind, first.key)}`);
      const listed = (await recordsOf(subject, kind)).find((one) => isDeepStrictEqual(one.key, first.key));
      const got = await subject.facet(kind).get({ key: first.key }, subject.call());
      assert.deepEqual(listed, got);
      const { status, native_status: word } = got as RecordOf<'cluster'>;
      assert.equal(status, 'unknown');
      const words = wordsIn(unknownStatus);
      assert.ok(
        words.some((one) => word?.includes(one)),
        `native_status is ${word}, not of ${words.join(', ')}`,
      );
    }),
  ];
}

function referenceTests(suite: Suite, kind: Kind): ConformanceTest[] {
  return referencesOf(kind).map(([field, read]) =>
    suite.test(facetOf[kind], `${field} names something that is listed`, async (subject) => {
      const known = new Map<Kind, Set<string>>();
      for (const record of await recordsOf(subject, kind)) {
        for (const [target, key] of read(record)) {
          if (key === null) continue;
          assert.ok(suite.kinds.includes(target), `${field} is a key of ${target}, which is not offered`);
          const keys = known.get(target) ?? new Set(keysOf(await recordsOf(subject, target)));
          known.set(target, keys);
          assert.ok(
            keys.has(keyText(key)),
            `${JSON.stringify(record.key)}: there is no ${target} ${JSON.stringify(key)}`,
          );
        }
      }
    }),
  );
}

async function recordsOf(subject: Subject, kind: Kind): Promise<readonly AnyRecord[]> {
  return (await walkAll(subject, subject.facet(kind))).records;
}

/** Texts and numbers in an overlay, at any depth. */
function wordsIn(value: unknown): string[] {
  if (typeof value === 'string' || typeof value === 'number') return [String(value)];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(wordsIn) : [];
}
