import type { SampleWorld, WriteSamples } from '@fleetgate/provider-conformance';

/** A project of its own that was never deployed. */
function newProject({ upstream }: SampleWorld): readonly string[] {
  return upstream.control.add('project', 1);
}

async function someTeam({ records }: SampleWorld): Promise<string> {
  const projects = await records('project');
  return projects.find(({ team }) => team)?.team?.id ?? '';
}

export const writes: WriteSamples = {
  projects: {
    create: async (world) => ({
      value: {
        name: world.word(),
        description: 'sells',
        team: await someTeam(world),
        spec: { template: 'blank', visibility: 'private' },
      },
    }),
    replace: async (world) => ({
      key: newProject(world),
      value: { name: world.word(), description: 'replaced', team: await someTeam(world), status: 'archived' },
    }),
    patch: async (world) => ({
      key: newProject(world),
      value: {
        name: world.word(),
        description: 'changed',
        team: await someTeam(world),
        status: 'archived',
        spec: { visibility: 'public' },
      },
    }),
    remove: async ({ one }) => ({ key: (await one('project')).key }),
  },
  deployments: {
    create: (world) => ({
      projectKey: newProject(world),
      value: { version: '2.1', spec: { commit: 'abcdef0' } },
    }),
    cancel: ({ upstream }) => ({ key: upstream.control.add('deployment', 1) }),
  },
};

export const refusal = {
  status: 422,
  body: {
    error: {
      code: 'validation_error',
      message: 'The request data is invalid',
      details: [
        { field: 'name', message: 'Name is required' },
        { field: 'team_id', message: 'There is no such team' },
      ],
    },
  },
  details: [
    { field: 'name', message: 'Name is required' },
    { field: 'team', message: 'There is no such team' },
  ],
};
