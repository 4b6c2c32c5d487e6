import type { ConformanceOptions } from '../src/index.ts';
import { type Defect, tinyProvider } from './tiny-provider.ts';
import { startTiny } from './tiny-upstream.ts';

type TinySettings = ReturnType<typeof tinyProvider>['settings'];

export function tinyOptions(
  auth: 'session' | 'key',
  ...defects: readonly Defect[]
): ConformanceOptions<TinySettings> {
  return {
    definition: tinyProvider(auth, ...defects),
    start: () => startTiny({ auth }),
    settings: ({ baseUrl, credentials }) => ({ baseUrl, ...credentials }),
    refusedSettings: ({ baseUrl, credentials }) => ({
      baseUrl,
      ...credentials,
      ...(auth === 'key' ? { apiKey: 'wrong-key-123456' } : { password: 'wrong-horse' }),
    }),
    kinds: {
      project: { unknownStatus: { state: 'dormant' } },
      cluster: { unknownStatus: { state: 'dormant' } },
    },
  };
}
