import type { ConformanceOptions } from '@fleetgate/provider-conformance';
import { startUpstream } from '@fleetgate/sandbox';
import { chimestack } from '../src/index.ts';
import { refusal, writes } from './write-samples.ts';

export const options: ConformanceOptions<typeof chimestack.settings> = {
  definition: chimestack,
  start: (options) => startUpstream('chimestack', { ...options, frozen: true }),
  settings: ({ baseUrl, credentials }) => ({
    baseUrl,
    userName: credentials['userName'] ?? '',
    password: credentials['password'] ?? '',
  }),
  refusedSettings: ({ baseUrl, credentials }) => ({
    baseUrl,
    userName: credentials['userName'] ?? '',
    password: 'wrong-password',
  }),
  kinds: { cluster: { unknownStatus: { state: 9 }, unshown: ['description'] } },
  writes,
  refusal,
};
