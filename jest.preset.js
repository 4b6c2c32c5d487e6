import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const { $schema, ...swc } = JSON.parse(readFileSync(new URL('./.swcrc', import.meta.url), 'utf8'));

const [major, minor] = process.versions.node.split('.').map(Number);
const flags = `${process.execArgv.join(' ')} ${process.env.NODE_OPTIONS ?? ''}`;
if (major < 24 || (major === 24 && minor < 9) || !flags.includes('--experimental-vm-modules')) {
  throw new Error(
    `The tests need Node >= 24.9 started with --experimental-vm-modules; this is ${process.version}. Run: npm test`,
  );
}

/**
 * The code under test is compiled to CommonJS for tests only. Packages that are ES modules only (NestJS 12) come in by
 * require(esm), which jest has since 30.4 on Node >= 24.9 with the flag above.
 */
export default {
  testEnvironment: 'node',
  testEnvironmentOptions: { customExportConditions: ['@fleetgate/source', 'node', 'node-addons'] },
  transform: { '^.+\\.ts$': ['@swc/jest', { ...swc, swcrc: false, module: { type: 'commonjs' } }] },
  testMatch: ['**/*.spec.ts', '**/*.test.ts'],
  modulePathIgnorePatterns: ['/dist/'],
  // Only what would never end is meant to meet it: a busy machine is no failure.
  testTimeout: 30_000,
  collectCoverageFrom: ['src/**/*.ts', '!src/main.ts', '!src/**/*.spec.ts'],
  coverageProvider: 'v8',
  // counts nothing unless FLEETGATE_TEST_TOTALS names a file
  reporters: ['default', fileURLToPath(new URL('./tools/ci/totals-reporter.cjs', import.meta.url))],
};
