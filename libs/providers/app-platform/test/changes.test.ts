import { startUpstream, type Upstream } from '@fleetgate/sandbox';
import { appPlatform } from '../src/index.ts';
import { plainHost, writing } from './host.ts';

let upstream: Upstream;
beforeEach(async () => {
  upstream = await startUpstream('app-platform', { frozen: true, scale: 20 });
});
afterEach(() => upstream.close());

/** The provider at the emulator; `before` runs before each change is sent. */
function connected(before: () => void = () => undefined) {
  const { baseUrl, credentials } = upstream;
  const settings = appPlatform.settings.parse({ baseUrl, apiKey: credentials['apiKey'] });
  const { projects, deployments } = appPlatform.connect(settings, plainHost(before));
  return { projects, deployments } as {
    projects: Required<NonNullable<typeof projects>>;
    deployments: Required<NonNullable<typeof deployments>>;
  };
}

const bodies = (method: string) =>
  upstream.control.requests().flatMap((request) => (request.method === method ? [request.body] : []));

describe('projects', () => {
  it('are made with what they have, and replaced with all there is to say', async () => {
    const { projects } = connected();
    const { key } = await projects.create({ value: { name: 'Shop', description: null } }, writing());
    expect(bodies('POST')).toEqual([{ name: 'Shop' }]);
    await projects.replace({ key, value: { name: 'Shop' } }, writing());
    expect(bodies('PUT')).toEqual([{ name: 'Shop', description: null, team_id: null }]);
  });

  it('are patched by writing back what they have, under the names of the upstream', async () => {
    const { projects } = connected();
    const before = (await projects.list({}, writing())).items.find(({ team }) => team);
    await projects.patch({ key: before?.key ?? [], value: { status: 'archived' } }, writing());
    expect(bodies('PUT')).toEqual([
      {
        name: before?.name,
        description: before?.description,
        team_id: before?.team?.id,
        status: 'archived',
      },
    ]);
  });

  it('that are refused name our fields', async () => {
    const value = { name: 'x'.repeat(201), team: 'team_none', spec: { template: 'cms' } };
    await expect(connected().projects.create({ value }, writing())).rejects.toMatchObject({
      code: 'invalid',
      details: [
        { field: 'name', message: expect.any(String) },
        { field: 'spec.template', message: expect.any(String) },
      ],
    });
  });
});

describe('deployments', () => {
  it('are told from those of before by the times of the upstream, however many there are', async () => {
    const { deployments } = connected();
    const projectKey = upstream.control.add('project', 1);
    const made = new Set<string>();
    for (let turn = 0; turn < 3; turn += 1) {
      const work = writing('lost answer');
      made.add((await deployments.create({ projectKey, value: {} }, work)).key[0] ?? '');
      upstream.control.clock.advance(10 * 60_000);
    }
    expect(made.size).toBe(3);
  });

  it('that may be either of two new ones are owned up to', async () => {
    const projectKey = upstream.control.add('project', 1);
    const { deployments } = connected();
    const twice = writing('lost answer', async () => {
      upstream.control.clock.advance(10 * 60_000);
      await deployments.create({ projectKey, value: {} }, writing());
    });
    await expect(deployments.create({ projectKey, value: {} }, twice)).rejects.toMatchObject({
      code: 'outcome_unknown',
    });
  });

  it('are made in a project', async () => {
    await expect(connected().deployments.create({ value: {} }, writing())).rejects.toMatchObject({
      code: 'invalid',
      field: 'project_id',
    });
  });
});
