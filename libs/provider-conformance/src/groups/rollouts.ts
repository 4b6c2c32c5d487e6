import assert from 'node:assert/strict';
import { type Key, keyText, type RecordOf } from '@fleetgate/model';
import { attemptsAt } from '../attempt.ts';
import { assertCode, faultOf } from '../claims.ts';
import type { ConformanceTest } from '../options.ts';
import type { Suite } from '../suite.ts';
import { walkAll } from '../walks.ts';

/** Cancelling, and rolling out again. */
export function rolloutTests(suite: Suite): ConformanceTest[] {
  return suite.writes.flatMap((write): ConformanceTest[] => {
    const test = (name: string, work: Parameters<Suite['test']>[2]) =>
      suite.test(write.facet, `${write.operation}: ${name}`, work);
    switch (write.operation) {
      case 'cancel':
        return [
          test('where nothing is under way it is a conflict', async (subject) => {
            const attempts = attemptsAt(suite, subject, write);
            const attempt = await attempts.make();
            await attempt.assertDone(await attempt.run());
            const again = attempts.of(attempt.input);
            assertCode(await faultOf(again.run(), 'to cancel what was cancelled'), 'conflict');
            assert.deepEqual(again.progress.begun(), []);
          }),
        ];
      case 'deploy':
        return [
          test('a second one while the first is under way is another release, or a conflict', async (subject) => {
            const attempts = attemptsAt(suite, subject, write);
            const attempt = await attempts.make();
            const first = await attempt.run();
            await attempt.assertDone(first);
            const again = attempts.of(attempt.input);
            const outcome = await again.run().then(
              (written) => written?.key as Key,
              (error: unknown) => faultOf(Promise.reject(error)),
            );
            if ('code' in outcome) {
              assertCode(outcome, 'conflict');
              assert.deepEqual(again.progress.begun(), []);
            } else assert.notDeepEqual(outcome, first?.key);
          }),
          test('the new release is listed, under its deployment', async (subject) => {
            const attempt = await attemptsAt(suite, subject, write).make();
            const written = await attempt.run();
            assert.ok(written);
            const { records } = await walkAll(subject, subject.facet('release'));
            const listed = records.find(({ key }) => keyText(key) === keyText(written.key));
            assert.deepEqual((listed as RecordOf<'release'> | undefined)?.deployment_key, attempt.input.key);
          }),
        ];
      default:
        return [];
    }
  });
}
