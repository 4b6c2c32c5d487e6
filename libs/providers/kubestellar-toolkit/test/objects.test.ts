import { bare, changed, isKubernetes, merged, under, versionOf } from '../src/objects.ts';

const flat = {
  name: 'web-eu',
  namespace: 'team-1',
  cluster: 'edge-1',
  version: '1.4.0',
  labels: { app: 'web' },
  resourceVersion: '7',
  colour: 'blue',
};
const kubernetes = {
  apiVersion: 'ksit.io/v1alpha1',
  kind: 'ClusterDeploymentStatus',
  metadata: {
    name: 'cache-us',
    namespace: 'team-2',
    uid: 'u-1',
    resourceVersion: '9',
    labels: { app: 'cache' },
  },
  spec: { clusterName: 'edge-2', version: '2', colour: 'blue' },
  status: { phase: 'Running' },
};

describe('a change is laid over an object', () => {
  it('that is flat', () => {
    const change = { name: 'web-eu', cluster: 'edge-9', version: '2.0', labels: { tier: 'prod' } };
    expect(changed(flat, change)).toEqual({
      ...flat,
      cluster: 'edge-9',
      version: '2.0',
      labels: { tier: 'prod' },
    });
  });

  it('that is laid out as Kubernetes does', () => {
    const change = { name: 'cache-us', cluster: 'edge-9', version: '3', labels: {} };
    expect(changed(kubernetes, change)).toEqual({
      ...kubernetes,
      metadata: { ...kubernetes.metadata, labels: {} },
      spec: { clusterName: 'edge-9', version: '3', colour: 'blue' },
    });
  });

  it('where the object has the field already, under whatever name', () => {
    expect(changed({ name: 'a', clusterName: 'x' }, { name: 'a', cluster: 'y' })).toEqual({
      name: 'a',
      clusterName: 'y',
    });
    expect(
      changed({ name: 'a', spec: { cluster: 'x', version: '1' } }, { name: 'a', cluster: 'y', version: '2' }),
    ).toEqual({
      name: 'a',
      spec: { cluster: 'y', version: '2' },
    });
    const twice = { metadata: { name: 'a', labels: { one: '1' } }, labels: { two: '2' } };
    expect(changed(twice, { name: 'a', labels: { three: '3' } })).toEqual({
      metadata: { name: 'a', labels: { three: '3' } },
    });
  });

  it('and says nothing of what it does not name, but that a version of null goes', () => {
    for (const object of [flat, kubernetes]) {
      const name = object === flat ? 'web-eu' : 'cache-us';
      expect(changed(object, { name })).toEqual(object);
    }
    expect(changed(flat, { name: 'web-eu', version: null })).not.toHaveProperty('version');
    expect(changed(kubernetes, { name: 'cache-us', version: null })).toHaveProperty('spec', {
      clusterName: 'edge-2',
      colour: 'blue',
    });
  });
});

it('a replacement keeps what an object is known by, and nothing else', () => {
  expect(bare(flat)).toEqual({ name: 'web-eu', namespace: 'team-1' });
  expect(bare(kubernetes)).toEqual({
    apiVersion: 'ksit.io/v1alpha1',
    kind: 'ClusterDeploymentStatus',
    metadata: { name: 'cache-us', namespace: 'team-2', uid: 'u-1' },
  });
  expect([isKubernetes(bare(flat)), isKubernetes(bare(kubernetes))]).toEqual([false, true]);
});

it('a version is read and written where the layout has it, and left alone where there is none', () => {
  expect([versionOf(flat), versionOf(kubernetes), versionOf({ name: 'a' })]).toEqual(['7', '9', null]);
  expect(versionOf(under('8', bare(flat)))).toBe('8');
  expect(under('8', bare(kubernetes))).toHaveProperty('metadata.resourceVersion', '8');
  expect(under(null, flat)).toBe(flat);
});

it('a merge patch is RFC 7396', () => {
  expect(merged({ a: 1, b: { c: 2, d: [3] } }, { a: null, b: { d: [4, null], e: { f: null } } })).toEqual({
    b: { c: 2, d: [4, null], e: {} },
  });
  expect(merged([1], { a: 1 })).toEqual({ a: 1 });
  expect(merged({ a: 1 }, 'text')).toBe('text');
});
