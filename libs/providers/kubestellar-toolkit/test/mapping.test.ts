import { readFileSync } from 'node:fs';
import { clusterOf } from '../src/clusters.ts';
import { clusterNameOf, deploymentOf } from '../src/deployments.ts';
import { WireList } from '../src/wire.ts';

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`fixtures/${name}.json`, `file://${__dirname}/`), 'utf8'));

describe('deployments', () => {
  const wires = WireList.parse(fixture('wrapped'));
  const [flat, kubernetes, plain] = wires.map(deploymentOf);

  it('are read flat', () => {
    expect(flat).toMatchObject({
      key: ['web-eu'],
      name: 'web-eu',
      status: 'success',
      native_status: 'Succeeded',
      version: '1.4.0',
      labels: { app: 'web' },
      target: { kind: 'cluster', key: ['edge-1'], name: 'edge-1' },
      completed_at: '2026-01-02T00:00:00.000Z',
    });
  });

  it('are read as Kubernetes lays them out', () => {
    expect(kubernetes).toMatchObject({
      key: ['cache-us'],
      status: 'running',
      version: '2',
      labels: { app: 'cache' },
      target: { key: ['edge-2'] },
      created_at: '2026-01-01T00:00:00.000Z',
      updated_at: '2026-01-03T00:00:00.000Z',
    });
  });

  it('that tell next to nothing are still listed', () => {
    expect(plain).toMatchObject({
      status: 'unknown',
      native_status: 'Sideways',
      target: null,
      created_at: null,
    });
  });

  it('come bare or wrapped, and a wrapped nothing is an empty list', () => {
    expect(WireList.parse(fixture('bare'))).toEqual(wires);
    expect(WireList.parse({ items: null })).toEqual([]);
    expect(WireList.safeParse({ items: [{ phase: 'Running' }] }).success).toBe(false);
    expect(WireList.safeParse({ items: 'many' }).success).toBe(false);
  });
});

it('clusters are what the objects name, and nothing more is known of them', () => {
  const names = WireList.parse(fixture('bare')).map(clusterNameOf);
  expect(names).toEqual(['edge-1', 'edge-2', null]);
  expect(clusterOf('edge-1')).toMatchObject({
    key: ['edge-1'],
    status: 'unknown',
    version: null,
    node_count: null,
  });
});
