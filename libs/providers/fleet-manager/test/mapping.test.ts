import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { clusterOf } from '../src/clusters.ts';
import { deploymentOf } from '../src/deployments.ts';
import { fleetManager } from '../src/index.ts';
import { projectOf } from '../src/projects.ts';
import { releaseOf } from '../src/releases.ts';
import { clusterStatus, rolloutStatus } from '../src/statuses.ts';
import { pageOf, WireApplication, WireCluster, WireDeployment, WireRelease } from '../src/wire.ts';

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, `file://${__dirname}/`), 'utf8'));

describe('clusters', () => {
  const wires = pageOf(WireCluster).parse(fixture('clusters')).items;
  const [full, critical, offline, novel, bare, deleted] = wires.map(clusterOf);

  it('have every field that the upstream tells', () => {
    expect(full).toMatchObject({
      key: ['3f0c8a5e-1111-4222-8333-000000000001'],
      name: 'store-berlin-014',
      status: 'healthy',
      native_status: 'online/healthy',
      version: '9.4.30.217',
      node_count: 3,
      usage: { cpu_percent: 12.25, memory_percent: 60, storage_percent: 41.5 },
      labels: { env: 'prod', berlin: '' },
      last_seen_at: '2026-03-01T09:29:10.123Z',
      created_at: '2025-06-01T08:00:00.000Z',
      native: { healthScore: 98, vmTotal: 5 },
    });
  });

  it('merge what is online with how healthy it is', () => {
    expect([critical, offline, novel, bare].map((one) => [one?.status, one?.native_status])).toEqual([
      ['degraded', 'online/critical'],
      ['unreachable', 'offline/healthy'],
      ['unknown', 'online/quantum'],
      ['unknown', null],
    ]);
  });

  it('invent nothing where the upstream is silent, nor fall over a field of another type', () => {
    expect(bare).toMatchObject({
      version: null,
      node_count: null,
      usage: null,
      labels: {},
      last_seen_at: null,
    });
    expect(novel?.version).toBeNull();
  });

  it('that are marked as deleted are gone', () => {
    expect(deleted).toBeUndefined();
  });

  it.each([
    ['online', 'info', 'healthy'],
    ['online', 'notice', 'healthy'],
    ['online', null, 'healthy'],
    ['online', 'warning', 'degraded'],
    ['online', 'connecting', 'degraded'],
    ['online', 'disconnected', 'unreachable'],
    ['offline', 'critical', 'unreachable'],
    [null, 'healthy', 'healthy'],
    [null, null, 'unknown'],
    ['asleep', 'healthy', 'unknown'],
  ] as const)('%s and %s is %s', (online, health, expected) => {
    expect(clusterStatus(online, health)).toBe(expected);
  });
});

describe('deployments', () => {
  const [real, seed, novel] = pageOf(WireDeployment).parse(fixture('deployments')).items.map(deploymentOf);

  it('bind an application to a group', () => {
    expect(real).toMatchObject({
      key: ['d-1'],
      project_key: ['a-1'],
      target: { kind: 'cluster_group', key: ['g-1'], name: null },
      version: '3',
      status: 'success',
      native_status: 'Success',
    });
  });

  it('are also read in the form of the published notes', () => {
    expect(seed).toMatchObject({
      project_key: ['a-2'],
      target: { kind: 'cluster_group', key: ['g-2'] },
      version: '7',
      status: 'failed',
    });
  });

  it('with a word of tomorrow are unknown', () => {
    expect(novel).toMatchObject({
      status: 'unknown',
      native_status: 'Levitating',
      target: { kind: 'cluster', key: ['c-9'], name: 'lab' },
      project_key: null,
    });
  });

  it.each([
    ['Created', 'queued'],
    ['Pending', 'queued'],
    ['Running', 'running'],
    ['Success', 'success'],
    ['Done', 'success'],
    ['Failed', 'failed'],
    ['failed', 'failed'],
    ['error', 'failed'],
    ['cancelled', 'cancelled'],
    ['', 'unknown'],
    [null, 'unknown'],
  ])('%j is %s', (word, expected) => {
    expect(rolloutStatus(word)).toBe(expected);
  });
});

it('applications are projects, and their manifests show no secret', () => {
  const [project] = pageOf(WireApplication).parse(fixture('applications')).items.map(projectOf);
  expect(project).toMatchObject({ key: ['a-1'], status: 'active', description: 'tills', team: null });
  expect(JSON.stringify(project)).not.toContain('hunter2');
  expect(project?.native['sourceConfig']).toContain('type: Application');
  const [bare] = pageOf(WireApplication)
    .parse({ items: [{ id: 'a', name: 'n', description: '' }] })
    .items.map(projectOf);
  expect(bare?.description).toBeNull();
});

it('releases carry the deployment in their key', () => {
  const [bare, full] = z
    .array(WireRelease)
    .parse(fixture('releases'))
    .map((wire) => releaseOf(wire, 'd-1'));
  expect(bare).toMatchObject({
    key: ['d-1', 'r-1'],
    name: 'r-1',
    status: 'success',
    deployment_key: ['d-1'],
  });
  expect(full).toMatchObject({ key: ['d-1', 'r-2'], name: '3', status: 'queued', native_status: 'Pending' });
});

describe('settings', () => {
  const parse = (more: object) => fleetManager.settings.safeParse({ ...fleetManager.example, ...more });
  it('send the key as the real API takes it, or as the notes say', () => {
    expect(parse({}).data?.authScheme).toBe('api-key');
    expect(parse({ authScheme: 'bearer' }).data?.authScheme).toBe('bearer');
    expect(parse({ authScheme: 'basic' }).error?.issues[0]?.path).toEqual(['authScheme']);
  });
  it('send changes as clients at work do, or as the notes say', () => {
    expect(parse({}).data?.bodies).toBe('clients');
    expect(parse({ bodies: 'notes' }).data?.bodies).toBe('notes');
  });
});
