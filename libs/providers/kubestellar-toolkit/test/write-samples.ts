import type { SampleWorld, WriteSamples } from '@fleetgate/provider-conformance';

/** Whether the clusters go on being named by others does not matter: any name is a cluster here. */
async function someCluster({ records }: SampleWorld) {
  const [, cluster] = await records('cluster');
  return { kind: 'cluster' as const, key: cluster?.key ?? [] };
}

export const writes: WriteSamples = {
  deployments: {
    create: async (world) => ({
      value: {
        name: world.word(),
        target: await someCluster(world),
        version: 'v2',
        labels: { app: 'shop' },
        spec: { object: { application: 'shop', replicas: { desired: 2 } } },
      },
    }),
    replace: async (world) => {
      const { key, name } = await world.one('deployment');
      const spec = { object: { application: 'shop' } };
      return { key, value: { name, target: await someCluster(world), version: 'v3', spec } };
    },
    patch: async (world) => ({
      key: (await world.one('deployment')).key,
      value: {
        target: await someCluster(world),
        version: 'v4',
        labels: { tier: 'prod', [world.word()]: 'yes' },
        spec: { object: { application: 'till' } },
      },
    }),
    remove: async ({ one }) => ({ key: (await one('deployment')).key }),
  },
};
