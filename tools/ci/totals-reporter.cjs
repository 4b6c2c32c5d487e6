// A jest reporter: appends one line of JSON with the run's totals to the file that FLEETGATE_TEST_TOTALS names, so that
// .ci/run can add up the suites of all packages. Does nothing when the variable is not set.
const { appendFileSync } = require('node:fs');
const { join, relative } = require('node:path');
const { stripVTControlCharacters } = require('node:util');

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
      suites: results.testResults
        .filter(({ numPassingTests, numFailingTests }) => numPassingTests + numFailingTests > 0)
        .map(({ testFilePath }) => relative(root, testFilePath)),
      // Whoever reads the end of a log learns what failed, however long it is.
      failures: results.testResults.flatMap(({ testFilePath, testResults, testExecError }) => {
        const file = relative(root, testFilePath);
        if (testExecError) return [`${file} did not load: ${firstLine(testExecError.message)}`];
        return testResults
          .filter(({ status }) => status === 'failed')
          .map(({ fullName, failureMessages }) => `${file}: ${fullName}: ${firstLine(failureMessages[0])}`);
      }),
    };
    appendFileSync(file, `${JSON.stringify(totals)}\n`);
  }
};

function firstLine(message = '') {
  return stripVTControlCharacters(message).split('\n', 1)[0];
}
