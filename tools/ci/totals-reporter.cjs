// A jest reporter: appends one line of JSON with the run's totals to the file that FLEETGATE_TEST_TOTALS names, so that
// .ci/run can add up the suites of all packages. Does nothing when the variable is not set.
const { appendFileSync } = require('node:fs');
const { join, relative } = require('node:path');

const root = join(__dirname, '../..');

module.exports = class TotalsReporter {
  #folder;

  constructor(globalConfig) {
    this.#folder = relative(root, globalConfig.rootDir);
  }

  onRunComplete(_contexts, results) {
    const file = process.env.FLEETGATE_TEST_TOTALS;
    if (!file) return;
    const totals = {
      project: this.#folder,
      passed: results.numPassedTests,
      // A file that does not even load has no tests to count, and is a failure all the same.
      failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
      skipped: results.numPendingTests + results.numTodoTests,
    };
    appendFileSync(file, `${JSON.stringify(totals)}\n`);
  }
};
