import type { ConformanceOptions } from '@fleetgate/provider-conformance';
import { startUpstream } from '@fleetgate/sandbox';
import { kubestellarToolkit } from '../src/index.ts';
import { writes } from './write-samples.ts';

export const options: ConformanceOptions<typeof kubestellarToolkit.settings> = {
  definition: kubestellarToolkit,
  start: (options) => startUpstream('kubestellar-toolkit', { ...options, frozen: true }),
  settings: (upstream) => ({ baseUrl: upstream.baseUrl, token: upstream.credentials['token'] }),
  refusedSettings: (upstream) => ({ baseUrl: upstream.baseUrl, token: 'not-the-token' }),
  kinds: {
    deployment: { unknownStatus: { phase: 'Sideways' }, versioned: { message: 'of somebody else' } },
    cluster: { unknownStatus: null },
  },
  writes,
  refusal: null,
};
