import type { ConformanceOptions } from '@fleetgate/provider-conformance';
import { startUpstream } from '@fleetgate/sandbox';
import { palette } from '../src/index.ts';
import { writeSamples } from './write-samples.ts';

export const options: ConformanceOptions<typeof palette.settings> = {
  definition: palette,
  start: (options) => startUpstream('palette', { ...options, frozen: true }),
  settings: ({ baseUrl, credentials }) => ({ baseUrl, apiKey: credentials['apiKey'] ?? '' }),
  refusedSettings: ({ baseUrl }) => ({ baseUrl, apiKey: 'no-such-key' }),
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
