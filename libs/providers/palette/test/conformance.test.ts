import { conformanceTests, describeProvider, type UpstreamUnderTest } from '@fleetgate/provider-conformance';
import { options } from './options.ts';

describeProvider(options);

/** The other way to prove who we are; what does not depend on it was shown above. */
describe('palette with a login', () => {
  const login = ({ baseUrl, credentials }: UpstreamUnderTest) => ({
    baseUrl,
    emailId: credentials['emailId'] ?? '',
    password: credentials['password'] ?? '',
    org: credentials['org'] ?? '',
  });
  const tests = conformanceTests({
    ...options,
    settings: login,
    refusedSettings: (upstream) => ({ ...login(upstream), password: 'wrong-password' }),
  });
  const concerned = tests.filter(({ group }) => ['settings', 'session', 'trace', 'secrets'].includes(group));
  it.each(concerned)('$group › $name', ({ run }) => run(), 30_000);
});
