import type { ConformanceOptions } from '@fleetgate/provider-conformance';
import { startUpstream } from '@fleetgate/sandbox';
import { fleetManager } from '../src/index.ts';
import { refusal, writes } from './write-samples.ts';

export const options: ConformanceOptions<typeof fleetManager.settings> = {
  definition: fleetManager,
  start: (options) => startUpstream('fleet-manager', { ...options, frozen: true }),
  settings: (upstream) => ({ baseUrl: upstream.baseUrl, apiKey: upstream.credentials['apiKey'] }),
  refusedSettings: (upstream) => ({ baseUrl: upstream.baseUrl, apiKey: 'not-the-key' }),
  kinds: {
    project: { unknownStatus: null },
    cluster: { unknownStatus: { onlineStatus: 'online', healthState: 'quantum' } },
    deployment: { unknownStatus: { status: 'Levitating' } },
    release: { unknownStatus: { status: 'Levitating' } },
  },
  writes,
  refusal,
};
