/** tests under way at once where each has an upstream of its own: most of its time is waiting */
const manyAtOnce = 4;
/** bound on one test, in milliseconds; an honest provider takes a few hundred */
const boundMs = 30_000;

/**
 * Runs every test, several at once, and gives what became of each in their own order.
 * @param {readonly { group: string, name: string, run: () => Promise<void> }[]} tests
 */
export async function runAll(tests, atOnce = manyAtOnce) {
  const results = [];
  const waiting = tests.entries();
  async function worker() {
    for (const [at, test] of waiting) results[at] = await runOne(test);
  }
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
}

async function runOne({ group, name, run }) {
  const began = performance.now();
  const error = await within(run).then(
    () => null,
    (reason) => (reason instanceof Error ? reason.message : String(reason)),
  );
  return { group, name, passed: error === null, ms: Math.round(performance.now() - began), error };
}

async function within(run) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it did not end within ${boundMs / 1000} s`)), boundMs);
  });
  try {
    await Promise.race([run(), late]);
  } finally {
    clearTimeout(timer);
  }
}
