import type { z } from 'zod';
import { cancelTests } from './groups/cancel.ts';
import { capabilityTests } from './groups/capabilities.ts';
import { effectTests } from './groups/effects.ts';
import { faultTests } from './groups/faults.ts';
import { kubeconfigTests } from './groups/kubeconfig.ts';
import { pagingTests } from './groups/paging.ts';
import { rolloutTests } from './groups/rollouts.ts';
import { secretTests } from './groups/secrets.ts';
import { sessionTests } from './groups/session.ts';
import { settingsTests } from './groups/settings.ts';
import { shapeTests } from './groups/shape.ts';
import { traceTests } from './groups/trace.ts';
import { writeShapeTests } from './groups/write-shape.ts';
import { writeTests } from './groups/writes.ts';
import type { ConformanceOptions, ConformanceTest } from './options.ts';
import { createSuite } from './suite.ts';

/** Every test that concerns this provider, in the order of the groups. Tests of a facet that it has not are not among them. */
export function conformanceTests<Schema extends z.ZodType>(
  options: ConformanceOptions<Schema>,
): ConformanceTest[] {
  const suite = createSuite(options);
  return [
    shapeTests,
    settingsTests,
    sessionTests,
    traceTests,
    pagingTests,
    faultTests,
    cancelTests,
    secretTests,
    capabilityTests,
    writeShapeTests,
    writeTests,
    effectTests,
    rolloutTests,
    kubeconfigTests,
  ].flatMap((tests) => tests(suite));
}
