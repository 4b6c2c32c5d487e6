import { conformanceTests, describeProvider, type UpstreamUnderTest } from '@fleetgate/provider-conformance';
import { startUpstream } from '@fleetgate/sandbox';
import { palette } from '../src/index.ts';
import { writeSamples } from './write-samples.ts';

const shared = {
  definition: palette,
  start: (options: { scale: number; seed: string }) => startUpstream('palette', { ...options, frozen: true }),
  kinds: {
    project: { unknownStatus: { status: { cleanUpStatus: { state: 'Archiving' } } } },
    cluster: { unknownStatus: { status: { state: 'Hibernating' } }, unshown: ['description'] },
    deployment: { unknownStatus: { status: { state: 'Rehearsing', appTiers: [] } } },
  },
  writes: writeSamples,
  refusal: {
    status: 400,
    body: {
      code: 'InvalidRequest',
      message: 'the request is not valid',
      details: { 'metadata.name': 'is taken', 'spec.cloudAccountUid': 'is required', more: { not: 'text' } },
      ref: 'r-1',
    },
    details: [
      { field: 'name', message: 'is taken' },
      { field: 'spec.cloudAccountUid', message: 'is required' },
    ],
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
