import preset from '../../jest.preset.js';

export default {
  ...preset,
  displayName: 'gateway',
  globalSetup: '<rootDir>/test/setup/global-setup.ts',
  globalTeardown: '<rootDir>/test/setup/global-teardown.ts',
  testTimeout: 30_000,
};
