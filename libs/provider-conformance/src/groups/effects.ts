import assert from 'node:assert/strict';
import { type AnyRecord, type Fault, type Key, keyText, volatileFields } from '@fleetgate/model';
import { assertGoneInTheEnd, attemptsAt, operationOf, sampleOf, worldOf } from '../attempt.ts';
import { assertCode, faultOf } from '../claims.ts';
import type { ConformanceTest } from '../options.ts';
import { createProgress } from '../progress.ts';
import type { WriteInput, WriteResult } from '../samples.ts';
import { assertShown } from '../shown.ts';
import type { Subject } from '../subject.ts';
import type { Suite, Work, Write } from '../suite.ts';
import { keysOf, walkAll } from '../walks.ts';

/** Fields that follow from a change, whatever it names. */
const following = [
  'native',
  'native_status',
  'updated_at',
  'completed_at',
  'latest_release',
  ...volatileFields,
];

/** What creating, replacing, patching and removing leave at the upstream. */
export function effectTests(suite: Suite): ConformanceTest[] {
  return suite.writes.flatMap((write) => {
    switch (write.operation) {
      case 'create':
        return createTests(suite, write);
      case 'replace':
        return [...replaceTests(suite, write), ...versionTests(suite, write)];
      case 'patch':
        return [...patchTests(suite, write), ...versionTests(suite, write)];
      case 'remove':
        return removeTests(suite, write);
      default:
        return [];
    }
  });
}

function tester(suite: Suite, write: Write) {
  return (name: string, work: Work): ConformanceTest =>
    suite.test(write.facet, `${write.operation}: ${name}`, work);
}

function createTests(suite: Suite, write: Write): ConformanceTest[] {
  const test = tester(suite, write);
  return [
    test('get and list show what was made', async (subject) => {
      const attempt = await attemptsAt(suite, subject, write).make();
      const written = await attempt.run();
      assert.ok(written);
      await attempt.assertDone(written);
      const { records } = await walkAll(subject, subject.facet(write.kind));
      const listed = records.find(({ key }) => keyText(key) === keyText(written.key));
      assert.deepEqual(listed, await subject.facet(write.kind).get({ key: written.key }, subject.call()));
    }),
    test('what another write has made is not taken for its own', async (subject) => {
      const attempts = attemptsAt(suite, subject, write);
      const first = await attempts.make();
      const other = await first.run();
      const second = attempts.of(first.input);
      subject.changes.forget();
      subject.changes.meet({ kind: 'fault', fault: { kind: 'reset' } });
      const outcomes = [await keyOrFault(second.run()), await keyOrFault(second.run())];
      for (const outcome of outcomes) {
        // Where names are unique, it is a conflict: before anything is sent, or of what is sent.
        if ('code' in outcome) assertCode(outcome, 'conflict', 'unavailable');
        else assert.notDeepEqual(outcome, other?.key);
      }
    }),
    test('two writes make two objects', async (subject) => {
      const attempts = attemptsAt(suite, subject, write);
      const before = (await walkAll(subject, subject.facet(write.kind))).records.length;
      const one = await (await attempts.make()).run();
      const other = await (await attempts.make()).run();
      assert.notDeepEqual(other?.key, one?.key);
      assert.equal((await walkAll(subject, subject.facet(write.kind))).records.length, before + 2);
    }),
  ];
}

function patchTests(suite: Suite, write: Write): ConformanceTest[] {
  const test = tester(suite, write);
  const { fields = [] } = suite.rules[write.facet]?.patch ?? {};
  const { unshown = [] } = suite.kindOptions(write.kind);
  return [
    test('changes what it names, field by field, and keeps the rest', async (subject) => {
      const { input } = await attemptsAt(suite, subject, write).make();
      const parts = Object.entries(input.value ?? {});
      assert.ok(parts.length > 0, 'the sample names no field');
      for (const [field, wanted] of parts) {
        const before = await read(subject, write, input);
        await run(subject, write, { ...input, value: { [field]: wanted } });
        const after = await read(subject, write, input);
        assertShown(after, { value: { [field]: wanted } }, unshown);
        // What is changed may be rolled out again.
        const moves = write.kind === 'deployment' || field === 'spec' || field === 'disabled';
        const changed = [
          field,
          ...following,
          ...(moves ? ['status'] : []),
          ...(field === 'spec' ? ['version'] : []),
        ];
        assert.deepEqual(without(after, changed), without(before, changed), `the rest, after ${field}`);
      }
    }),
    ...(fields.includes('labels')
      ? [
          test('merges labels, and takes off those that are null', async (subject) => {
            const { input } = await attemptsAt(suite, subject, write).make();
            const labelled = async (labels: Record<string, string | null>) => {
              await run(subject, write, { ...input, value: { labels } });
              return (await read(subject, write, input)).labels;
            };
            const before = (await read(subject, write, input)).labels;
            assert.deepEqual(await labelled({ 'fg-one': 'a' }), { ...before, 'fg-one': 'a' });
            assert.deepEqual(await labelled({ 'fg-two': 'b' }), { ...before, 'fg-one': 'a', 'fg-two': 'b' });
            assert.deepEqual(await labelled({ 'fg-one': null }), { ...before, 'fg-two': 'b' });
            assert.deepEqual(await labelled({ 'fg-none': null, 'fg-two': null }), before);
          }),
        ]
      : []),
    ...(fields.includes('description') && !unshown.includes('description')
      ? [
          test('takes the description off where it is null', async (subject) => {
            const { input } = await attemptsAt(suite, subject, write).make();
            for (const description of ['about to go', null]) {
              await run(subject, write, { ...input, value: { description } });
              assertShown(await read(subject, write, input), { value: { description } });
            }
          }),
        ]
      : []),
  ];
}

function replaceTests(suite: Suite, write: Write): ConformanceTest[] {
  const { fields = [], required = [] } = suite.rules[write.facet]?.replace ?? {};
  const droppable = ['description', 'labels'].filter(
    (field) => fields.includes(field) && !required.includes(field),
  );
  const empty: Record<string, unknown> = { description: null, labels: {} };
  if (droppable.length === 0) return [];
  return [
    tester(suite, write)(`drops what it does not name: ${droppable.join(', ')}`, async (subject) => {
      const { input } = await attemptsAt(suite, subject, write).make();
      const full = { description: 'about to go', labels: { 'fg-one': 'a' } };
      const filled = Object.fromEntries(Object.entries(full).filter(([field]) => droppable.includes(field)));
      await run(subject, write, { ...input, value: { ...input.value, ...filled } });
      assertShown(await read(subject, write, input), { value: filled });
      await run(subject, write, { ...input, value: without(input.value ?? {}, droppable) });
      const after = (await read(subject, write, input)) as Record<string, unknown>;
      for (const field of droppable)
        assert.deepEqual(after[field] || null, empty[field], `${field} of the record`);
    }),
  ];
}

function removeTests(suite: Suite, write: Write): ConformanceTest[] {
  const test = tester(suite, write);
  const { options = [] } = suite.rules[write.facet]?.remove ?? {};
  const removed = async (subject: Subject, input: WriteInput) => {
    await run(subject, write, input);
    await assertGoneInTheEnd(subject, write.kind, input.key as Key);
    const { records } = await walkAll(subject, subject.facet(write.kind));
    assert.ok(!keysOf(records).includes(keyText(input.key as Key)), 'it is still listed');
  };
  return [
    test('what is removed is not_found in the end, and no longer listed', async (subject) => {
      await removed(subject, await sampleOf(suite, write)(worldOf(subject)));
    }),
    test('a second removal is no more than not_found', async (subject) => {
      const input = await sampleOf(suite, write)(worldOf(subject));
      const again = () =>
        run(subject, write, input).then(
          () => undefined,
          (error: unknown) => error,
        );
      assert.equal(await again(), undefined);
      for (const when of ['at once', 'in the end']) {
        const error = await again();
        if (error !== undefined) assertCode(await faultOf(Promise.reject(error), when), 'not_found');
        await assertGoneInTheEnd(subject, write.kind, input.key as Key);
      }
    }),
    ...options.map((option) =>
      test(`takes the option ${option}`, async (subject) => {
        await removed(subject, { ...(await sampleOf(suite, write)(worldOf(subject))), [option]: true });
      }),
    ),
  ];
}

/** Where the upstream has versions, the one that the caller saw is held to. */
function versionTests(suite: Suite, write: Write): ConformanceTest[] {
  const { versioned } = suite.kindOptions(write.kind);
  if (!versioned) return [];
  return [
    tester(suite, write)('an object that somebody else has changed is a conflict', async (subject) => {
      const attempts = attemptsAt(suite, subject, write);
      const { input } = await attempts.make();
      const seen = await read(subject, write, input);
      assert.ok(
        subject.objects.touch(write.kind, input.key as Key, versioned),
        'the control finds no such object',
      );
      const changed = await read(subject, write, input);
      const late = attempts.of({ ...input, expected: seen });
      assertCode(await faultOf(late.run()), 'conflict');
      assert.deepEqual(late.progress.begun(), []);
      assert.deepEqual(await read(subject, write, input), changed);
      await run(subject, write, { ...input, expected: changed });
      assertShown(await read(subject, write, input), input, suite.kindOptions(write.kind).unshown);
    }),
  ];
}

function keyOrFault(work: Promise<WriteResult>): Promise<Key | Fault> {
  return work.then(
    (written) => written?.key as Key,
    (error: unknown) => faultOf(Promise.reject(error)),
  );
}

/** One write of its own. */
async function run(subject: Subject, write: Write, input: WriteInput): Promise<void> {
  const journal = createProgress(subject.clock, 1).journal();
  await operationOf(subject.provider, write)(input, subject.call(undefined, journal));
}

function read(subject: Subject, { kind }: Write, { key }: WriteInput): Promise<AnyRecord> {
  return subject.facet(kind).get({ key: key as Key }, subject.call());
}

function without(object: object, fields: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !fields.includes(name)));
}
