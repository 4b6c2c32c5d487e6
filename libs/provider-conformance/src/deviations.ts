import { type ConformanceTest, type Deviation, titleOf } from './options.ts';

/**
 * The tests as they are to be run: one that is named as a deviation passes when it fails, and the other way round. A test of
 * the deviations themselves is added, so that one that names no test, names it twice or gives no reason fails the run.
 */
export function withDeviations(
  tests: readonly ConformanceTest[],
  deviations: readonly Deviation[],
): ConformanceTest[] {
  const reasons = new Map(deviations.map(({ test, reason }) => [test, reason]));
  const checked = tests.map((test): ConformanceTest => {
    const reason = reasons.get(titleOf(test));
    return reason === undefined
      ? test
      : { group: test.group, name: `${test.name} (deviation: ${reason})`, run: () => assertFails(test) };
  });
  const titles = new Set(tests.map(titleOf));
  return [
    {
      group: 'deviations',
      name: 'every deviation names one test and gives a reason',
      run: async () => {
        const wrong = deviations.flatMap(({ test, reason }, at) => [
          ...(titles.has(test) ? [] : [`there is no test "${test}"`]),
          ...(reason.trim() === '' ? [`"${test}" gives no reason`] : []),
          ...(deviations.findIndex((other) => other.test === test) < at ? [`"${test}" is named twice`] : []),
        ]);
        if (wrong.length > 0) throw new Error(wrong.join('; '));
      },
    },
    ...checked,
  ];
}

async function assertFails(test: ConformanceTest): Promise<void> {
  try {
    await test.run();
  } catch {
    return; // as the deviation says
  }
  throw new Error(`"${titleOf(test)}" passes: it is no deviation any more`);
}
