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
      project: { unknownStatus: { state: 'dormant' }, versioned: { extra: 'of somebody else' } },
      cluster: { unknownStatus: { state: 'dormant' } },
      deployment: { unknownStatus: { state: 'dormant' } },
      release: { unknownStatus: { state: 'dormant' } },
    },
    refusal: {
      status: 422,
      body: { code: 'E422', message: 'must not be red', field: 'title' },
      details: [{ field: 'name', message: 'must not be red' }],
    },
    writes: {
      projects: {
        create: ({ word }) => ({
          value: {
            name: word(),
            description: 'made here',
            labels: { of: 'tiny' },
            spec: { flavour: 'sweet' },
          },
        }),
        replace: async ({ one, word }) => ({ key: (await one('project')).key, value: { name: word() } }),
        patch: async ({ one, word }) => ({
          key: (await one('project')).key,
          value: { name: word(), description: 'changed here' },
        }),
        remove: async ({ one }) => ({ key: (await one('project')).key }),
      },
      deployments: {
        cancel: async ({ one }) => ({
          key: (await one('deployment', ({ status }) => status === 'running')).key,
        }),
        deploy: async ({ one }) => ({
          key: (await one('deployment', ({ status }) => status === 'success')).key,
          value: {},
        }),
      },
      clusters: { kubeconfig: async ({ one }) => ({ key: (await one('cluster')).key }) },
    },
  };
}
