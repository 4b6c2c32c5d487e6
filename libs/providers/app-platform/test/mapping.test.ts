import { readFileSync } from 'node:fs';
import { deploymentOf } from '../src/deployments.ts';
import { readComplaint } from '../src/errors.ts';
import { projectOf } from '../src/projects.ts';
import { releaseOf } from '../src/releases.ts';
import { pageOf, WireDeployment, WireProject } from '../src/wire.ts';

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, `file://${__dirname}/`), 'utf8'));

describe('projects', () => {
  const [full, archived, odd] = pageOf(WireProject).parse(fixture('projects')).data.map(projectOf);

  it('are one to one', () => {
    expect(full).toMatchObject({
      key: ['proj_123'],
      name: 'My Website',
      description: 'Personal portfolio website',
      status: 'active',
      team: { id: 'team_456', name: 'My Team' },
      created_at: '2024-01-15T10:30:00.000Z',
      updated_at: '2024-01-20T14:45:00.000Z',
    });
    expect(archived?.status).toBe('archived');
  });

  it('with a word of tomorrow, or a field of another type, are still listed', () => {
    expect(odd).toMatchObject({ status: 'unknown', native_status: 'frozen', team: null, created_at: null });
  });
});

describe('deployments', () => {
  const wires = pageOf(WireDeployment).parse(fixture('deployments')).data;
  const [done, building, odd] = wires.map(deploymentOf);

  it('are executions', () => {
    expect(done).toMatchObject({
      key: ['deploy_789'],
      name: 'deploy_789',
      project_key: ['proj_123'],
      target: null,
      status: 'success',
      url: 'https://my-project.your-app.com',
      version: 'v12',
      completed_at: '2024-01-21T10:30:00.000Z',
    });
    expect(building).toMatchObject({
      status: 'running',
      version: 'abc123',
      project_key: null,
      completed_at: null,
    });
    expect(odd).toMatchObject({ status: 'unknown', native_status: 'melting', created_at: null });
  });

  it('are their own only release', () => {
    const [release] = wires.map(releaseOf);
    expect(release).toMatchObject({ key: ['deploy_789'], deployment_key: ['deploy_789'], status: 'success' });
  });
});

it('a refusal is told with its fields', () => {
  expect(
    readComplaint({
      error: {
        code: 'validation_error',
        message: 'not valid',
        details: [{ field: 'limit', message: 'too large' }],
      },
    }),
  ).toEqual({
    code: 'validation_error',
    message: 'not valid; limit: too large',
    details: [{ field: 'limit', message: 'too large' }],
  });
  expect(readComplaint('<html>')).toEqual({});
});
