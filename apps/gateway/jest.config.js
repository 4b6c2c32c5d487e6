import preset from '../../jest.preset.js';

const withRedis = Boolean(process.env['FLEETGATE_TEST_REDIS_URL']);
if (!withRedis) console.info('*.redis.test.ts are left out: FLEETGATE_TEST_REDIS_URL names no Redis');

export default {
  ...preset,
  displayName: 'gateway',
  globalSetup: '<rootDir>/test/setup/global-setup.ts',
  globalTeardown: '<rootDir>/test/setup/global-teardown.ts',
  testTimeout: 30_000,
  testPathIgnorePatterns: ['/node_modules/', ...(withRedis ? [] : ['\\.redis\\.test\\.ts$'])],
};
