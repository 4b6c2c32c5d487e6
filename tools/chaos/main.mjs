// npm run chaos -- NAME: the long form of a test that kills, or makes sick. The short form is in the suite.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Each: the package, the test file, and what makes it long. */
const forms = {
  faults: {
    app: 'apps/gateway',
    test: 'test/faults/matrix.test.ts',
    env: { FLEETGATE_TEST_FAULT_READS: '8' },
  },
  webhooks: {
    app: 'apps/gateway',
    test: 'test/webhooks/kill.test.ts',
    env: { FLEETGATE_TEST_KILLS: '100', FLEETGATE_TEST_EVENTS: '10000', FLEETGATE_TEST_ENDPOINTS: '20' },
  },
};

const [name, ...more] = process.argv.slice(2);
const form = Object.hasOwn(forms, name ?? '') ? forms[name] : undefined;
if (!form || more.length > 0) {
  process.stderr.write(`Usage: npm run chaos -- ${Object.keys(forms).join(' | ')}\n`);
  process.exit(2);
}
const { status } = spawnSync('jest', ['--runInBand', '--forceExit', form.test], {
  cwd: fileURLToPath(new URL(`../../${form.app}/`, import.meta.url)),
  stdio: 'inherit',
  env: {
    ...process.env,
    ...form.env,
    NODE_OPTIONS: '--experimental-vm-modules --disable-warning=ExperimentalWarning',
  },
});
process.exit(status ?? 1);
