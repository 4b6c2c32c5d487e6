import type { DeploymentRecord } from '@fleetgate/model';
import type { SampleWorld, WriteSamples } from '@fleetgate/provider-conformance';

/** A project that holds nothing. */
function emptyProject({ upstream }: SampleWorld): readonly [string] {
  const [uid = ''] = upstream.control.add('project', 1);
  return [uid];
}

const profileOf = ({ native }: DeploymentRecord) =>
  (native as { spec: { profile: { metadata: { uid: string } } } }).spec.profile.metadata.uid;

export const writeSamples: WriteSamples = {
  projects: {
    create: ({ word }) => ({
      value: { name: word(), description: 'made here', labels: { env: 'test', pilot: '' } },
    }),
    replace: async (world) => ({
      key: emptyProject(world),
      value: { name: world.word(), labels: { env: 'test' }, spec: { users: [] } },
    }),
    patch: async ({ records, one, word }) => {
      const team = (await records('project')).map((record) => record.team).find((one) => one !== null);
      const { key } = await one('project', (record) => record.status === 'active');
      return { key, value: { name: word(), description: 'changed here', team: team?.id ?? '' } };
    },
    remove: (world) => ({ key: emptyProject(world) }),
  },
  clusters: {
    create: ({ word }) => ({
      value: {
        name: word(),
        kind: 'eks',
        labels: { env: 'test', pilot: '' },
        description: 'made here',
        spec: { cloudAccountUid: 'account-1', cloudConfig: { region: 'eu-west-1' }, profiles: [] },
      },
    }),
    patch: async ({ one, word }) => ({
      key: (await one('cluster')).key,
      value: { name: word(), labels: { env: 'test' } },
    }),
    remove: async ({ one }) => ({ key: (await one('cluster', ({ status }) => status === 'healthy')).key }),
    kubeconfig: async ({ one }) => ({
      key: (await one('cluster', ({ status }) => status === 'healthy')).key,
    }),
  },
  deployments: {
    create: async ({ one, word }) => {
      const deployment = await one('deployment');
      const { project_key, key } = await one('cluster', (record) => record.project_key !== null);
      return {
        projectKey: project_key ?? [],
        value: {
          name: word(),
          target: { kind: 'cluster', key },
          labels: { env: 'test' },
          spec: { appProfileUid: profileOf(deployment) },
        },
      };
    },
    patch: async ({ one }) => {
      const { key } = await one('deployment');
      return { key, value: { spec: { appProfileUid: profileOf(await one('deployment')) } } };
    },
    remove: async ({ one }) => ({ key: (await one('deployment')).key }),
  },
};
