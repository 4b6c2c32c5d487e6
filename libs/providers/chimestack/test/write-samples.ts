import type { WriteSamples } from '@fleetgate/provider-conformance';

export const writes: WriteSamples = {
  clusters: {
    create: async ({ one, word }) => ({
      value: {
        name: word(),
        kind: 'kvm',
        location: (await one('cluster')).location ?? '',
        description: 'made here',
        spec: { arch: 'arm', type: 1 },
      },
    }),
    patch: async ({ one, word }) => ({
      key: (await one('cluster', ({ status }) => status === 'healthy')).key,
      value: { name: word(), description: 'changed', disabled: true, spec: { type: 2 } },
    }),
    remove: async ({ one }) => ({ key: (await one('cluster')).key }),
  },
};

export const refusal = {
  status: 400,
  body: {
    error: {
      code: 400,
      message: 'hypervisor_type is not supported',
      status: 'illegal or missing parameters',
    },
    requestId: 'r',
  },
  details: [{ field: 'kind', message: 'hypervisor_type is not supported' }],
};
