import type { SampleWorld, WriteSamples } from '@fleetgate/provider-conformance';

const manifest = (name: string) => `type: Application\nmetadata:\n  name: ${name}\n`;

/** An application of its own that nothing binds yet. */
function newApplication({ upstream }: SampleWorld): readonly string[] {
  return upstream.control.add('project', 1).slice(0, 1);
}

function newGroup({ upstream }: SampleWorld) {
  return { kind: 'cluster_group' as const, key: upstream.control.add('cluster_group', 1) };
}

/**
 * A deployment of its own that never ran. Its application has a version, because one that is not known is sent as clients do,
 * as "1".
 */
async function newDeployment({ upstream, records }: SampleWorld): Promise<readonly string[]> {
  const key = upstream.control.add('deployment', 1).slice(0, 1);
  const [[application], [targetGroup]] = [await records('project'), await records('cluster_group')];
  const id = application?.key[0];
  upstream.control.touch('deployment', key[0] ?? '', {
    applicationId: id,
    applications: [{ id, name: application?.name, version: '4' }],
    targetGroup: targetGroup?.key[0],
    clusterGroupId: null,
    cluster: null,
  });
  return key;
}

/** One that ran once, and rests. */
async function deployedBefore(world: SampleWorld): Promise<readonly string[]> {
  const { baseUrl, credentials, control } = world.upstream;
  const key = await newDeployment(world);
  const headers = { 'api-key': credentials['apiKey'] ?? '' };
  await fetch(`${baseUrl}/deployments/${key[0]}/deploy`, { method: 'POST', headers });
  control.clock.advance(10 * 60_000);
  return key;
}

export const writes: WriteSamples = {
  projects: {
    create: ({ word }) => {
      const name = word();
      return { value: { name, description: 'tills', spec: { source_config: manifest(name) } } };
    },
    replace: async ({ one, word }) => ({
      key: (await one('project')).key,
      value: { name: word(), spec: { source_type: 'editor', source_config: manifest('replaced') } },
    }),
    patch: async ({ one, word }) => ({
      key: (await one('project')).key,
      value: { name: word(), description: 'changed', spec: { source_config: manifest('changed') } },
    }),
    remove: (world) => ({ key: newApplication(world) }),
  },
  deployments: {
    create: (world) => ({
      projectKey: newApplication(world),
      value: { name: world.word(), target: newGroup(world), version: '7' },
    }),
    replace: async (world) => ({
      key: await newDeployment(world),
      value: { name: world.word(), target: newGroup(world), version: '8' },
    }),
    patch: async (world) => ({
      key: await newDeployment(world),
      value: { name: world.word(), target: newGroup(world), version: '9' },
    }),
    remove: async (world) => ({ key: await newDeployment(world) }),
    deploy: async (world) => ({ key: await deployedBefore(world), value: {} }),
  },
  clusters: {
    patch: async ({ one, word }) => ({
      key: (await one('cluster')).key,
      value: { labels: { [word()]: 'yes', plain: '' } },
    }),
  },
};

export const refusal = {
  status: 400,
  body: {
    statusCode: 400,
    message: ['sourceConfig must be a string', 'applicationId must be a UUID'],
    error: 'Bad Request',
  },
  details: [{ field: 'spec.source_config', message: 'sourceConfig must be a string' }],
};
