import type { z } from 'zod';
import { conformanceTests } from './conformance.ts';
import { withDeviations } from './deviations.ts';
import type { ConformanceOptions } from './options.ts';

/** bound on one test, in milliseconds; an honest provider takes a few hundred */
const testBoundMs = 30_000;

/** Registers the whole suite for one provider with jest. */
export function describeProvider<Schema extends z.ZodType>(options: ConformanceOptions<Schema>): void {
  const tests = withDeviations(conformanceTests(options), options.deviations ?? []);
  describe(options.definition.id, () => {
    for (const [group, members] of Map.groupBy(tests, (test) => test.group)) {
      describe(group, () => {
        for (const test of members) it(test.name, test.run, testBoundMs);
      });
    }
  });
}
