// node tools/ci/totals.mjs FILE [FAILED_STAGE…]: adds up what totals-reporter.cjs wrote. Every package with a test target
// must have run tests, and none may have been skipped; so must the suites below; each such lapse and each failed stage counts as one failure. The
// last line is `N passed, N failed`; the exit code is 1 unless nothing failed.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** Suites that are left out where there is no Redis, or no right to mount a disk, and that no whole check may go without. */
const demanded = [
  'apps/gateway/test/degraded/disk-full.root.test.ts',
  'apps/gateway/test/connections/shared-limits.redis.test.ts',
  'apps/gateway/test/replicas/replicas.redis.test.ts',
  'apps/gateway/test/throttle/replicas.redis.test.ts',
];
const [file, ...failedStages] = process.argv.slice(2);
const runs = existsSync(file)
  ? readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  : [];

const lapses = [
  ...failedStages.map((stage) => `failed: ${stage}`),
  ...testedFolders()
    .filter(
      (folder) => !runs.some(({ project, passed, failed }) => project === folder && passed + failed > 0),
    )
    .map((folder) => `no test ran in ${folder}`),
  ...demanded
    .filter((suite) => !runs.some(({ suites = [] }) => suites.includes(suite)))
    .map((suite) => `${suite} did not run`),
  ...runs
    .filter(({ skipped }) => skipped > 0)
    .map(({ project, skipped }) => `${skipped} skipped in ${project}`),
];

for (const { project, passed, failed } of runs) console.log(`${project}: ${passed} passed, ${failed} failed`);
for (const failure of runs.flatMap(({ failures = [] }) => failures)) console.log(`failed: ${failure}`);
for (const lapse of lapses) console.log(lapse);
const passed = runs.reduce((sum, run) => sum + run.passed, 0);
const failed = runs.reduce((sum, run) => sum + run.failed, 0);
console.log(`${passed} passed, ${failed > 0 ? failed : lapses.length} failed`);
if (failed > 0 || lapses.length > 0) process.exitCode = 1;

function testedFolders() {
  return ['apps', 'libs', 'libs/providers', 'tools'].flatMap((top) =>
    readdirSync(join(root, top))
      .map((name) => `${top}/${name}`)
      .filter((folder) => targetsOf(folder).test !== undefined),
  );
}

function targetsOf(folder) {
  const read = (name) => {
    const path = join(root, folder, name);
    return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
  };
  return { ...read('package.json').nx?.targets, ...read('project.json').targets };
}
