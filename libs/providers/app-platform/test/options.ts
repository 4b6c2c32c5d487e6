import type { ConformanceOptions } from '@fleetgate/provider-conformance';
import { startUpstream } from '@fleetgate/sandbox';
import { appPlatform } from '../src/index.ts';
import { refusal, writes } from './write-samples.ts';

export const options: ConformanceOptions<typeof appPlatform.settings> = {
  definition: appPlatform,
  start: (options) => startUpstream('app-platform', { ...options, frozen: true }),
  settings: (upstream) => ({ baseUrl: upstream.baseUrl, apiKey: upstream.credentials['apiKey'] }),
  refusedSettings: (upstream) => ({ baseUrl: upstream.baseUrl, apiKey: 'not-the-key' }),
  kinds: {
    project: { unknownStatus: { status: 'frozen' } },
    deployment: { unknownStatus: { status: 'melting' } },
    release: { unknownStatus: { status: 'melting' }, controlKind: 'deployment' },
  },
  writes,
  refusal,
};
