import { spawnSync } from 'node:child_process';
import preset from '../../jest.preset.js';

const withRedis = Boolean(process.env['FLEETGATE_TEST_REDIS_URL']);
if (!withRedis) console.info('*.redis.test.ts are left out: FLEETGATE_TEST_REDIS_URL names no Redis');

// A disk of its own, to be filled, takes the right to mount one.
const mayMount = spawnSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt']).status === 0;
if (!mayMount) console.info('*.root.test.ts are left out: mounting a disk is not permitted here');

// A second run, on a server of the machine, is about what such a server does otherwise: these are the same on any.
const sameOnAny = [
  'boot/',
  'degraded/disk-full',
  'degraded/restarts',
  'docs/',
  'e2e/faults',
  'faults/matrix',
  'fuzz/',
  'http/',
  'inventory/many-connections',
  'logging/',
  'outbound/',
  'tracing/',
];
const secondRun = process.env['FLEETGATE_TEST_DATABASE_URL'] ? [`/test/(${sameOnAny.join('|')})`] : [];

export default {
  ...preset,
  // Most of a test's time goes by waiting for other processes.
  maxWorkers: 2,
  displayName: 'gateway',
  globalSetup: '<rootDir>/test/setup/global-setup.ts',
  globalTeardown: '<rootDir>/test/setup/global-teardown.ts',
  testTimeout: 30_000,
  testPathIgnorePatterns: [
    '/node_modules/',
    ...secondRun,
    ...(withRedis ? [] : ['\\.redis\\.test\\.ts$']),
    ...(mayMount ? [] : ['\\.root\\.test\\.ts$']),
  ],
};
