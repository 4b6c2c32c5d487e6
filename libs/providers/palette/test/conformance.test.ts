import { conformanceTests, describeProvider, type UpstreamUnderTest } from '@fleetgate/provider-conformance';
import { startUpstream } from '@fleetgate/sandbox';
import { palette } from '../src/index.ts';

const shared = {
  definition: palette,
  start: (options: { scale: number; seed: string }) => startUpstream('palette', { ...options, frozen: true }),
  kinds: {
    project: { unknownStatus: { status: { cleanUpStatus: { state: 'Archiving' } } } },
    cluster: { unknownStatus: { status: { state: 'Hibernating' } } },
    deployment: { unknownStatus: { status: { state: 'Rehearsing', appTiers: [] } } },
  },
};

describeProvider({
  ...shared,
  settings: ({ baseUrl, credentials }) => ({ baseUrl, apiKey: credentials['apiKey'] ?? '' }),
  refusedSettings: ({ baseUrl }) => ({ baseUrl, apiKey: 'no-such-key' }),
});

/** The other way to prove who we are; what does not depend on it was shown above. */
describe('palette with a login', () => {
  const login = ({ baseUrl, credentials }: UpstreamUnderTest) => ({
    baseUrl,
    emailId: credentials['emailId'] ?? '',
    password: credentials['password'] ?? '',
    org: credentials['org'] ?? '',
  });
  const tests = conformanceTests({
    ...shared,
    settings: login,
    refusedSettings: (upstream) => ({ ...login(upstream), password: 'wrong-password' }),
  });
  const concerned = tests.filter(({ group }) => ['settings', 'session', 'trace', 'secrets'].includes(group));
  it.each(concerned)('$group › $name', ({ run }) => run(), 30_000);
});
