import { startUpstream, type Upstream } from '@fleetgate/sandbox';
import { kubestellarToolkit } from '../src/index.ts';
import { plainHost, writing } from './host.ts';

const name = (at: number) => upstream.control.add('deployment', at)[0] as string;
let upstream: Upstream;
beforeEach(async () => {
  upstream = await startUpstream('kubestellar-toolkit', { frozen: true, scale: 10 });
});
afterEach(() => upstream.close());

/** The provider at the emulator; `before` runs before each change is sent. */
function connected(before: () => void = () => undefined) {
  const { baseUrl, credentials } = upstream;
  const settings = kubestellarToolkit.settings.parse({ baseUrl, token: credentials['token'] });
  const { deployments } = kubestellarToolkit.connect(settings, plainHost(before));
  if (!deployments?.create || !deployments.patch || !deployments.replace || !deployments.remove) {
    throw new Error('the provider cannot change deployments');
  }
  return deployments as Required<typeof deployments>;
}

const bodies = (method: string) =>
  upstream.control.requests().flatMap((request) => (request.method === method ? [request.body] : []));

describe('a change of an object', () => {
  it('that somebody else changes meanwhile is made again, over what that one left', async () => {
    const key = [name(1)];
    let left = 2;
    const deployments = connected(() => {
      if (left > 0) upstream.control.touch('deployment', key[0] ?? '', { labels: { [`turn-${left}`]: 'x' } });
      left -= 1;
    });
    await deployments.patch({ key, value: { version: 'v9' } }, writing());
    expect(bodies('PUT')).toHaveLength(3);
    expect(await deployments.get({ key }, writing())).toMatchObject({
      version: 'v9',
      labels: { 'turn-1': 'x', 'turn-2': 'x' },
    });
  });

  it('that somebody else changes every time is a conflict in the end', async () => {
    const key = [name(1)];
    let turn = 0;
    const deployments = connected(() => {
      turn += 1;
      upstream.control.touch('deployment', key[0] ?? '', { message: `turn ${turn}` });
    });
    await expect(deployments.patch({ key, value: { version: 'v9' } }, writing())).rejects.toMatchObject({
      code: 'conflict',
    });
    expect(bodies('PUT')).toHaveLength(3);
  });

  it('sends back what nobody here knows', async () => {
    const key = [name(1)];
    upstream.control.touch('deployment', key[0] ?? '', { application: 'till', replicas: { desired: 5 } });
    await connected().patch(
      { key, value: { version: 'v9', spec: { object: { namespace: 'new' } } } },
      writing(),
    );
    expect(bodies('PUT')).toMatchObject([
      { application: 'till', namespace: 'new', replicas: { desired: 5 }, version: 'v9' },
    ]);
  });
});

describe('a new object', () => {
  it('of a name that is there is refused before anything is sent', async () => {
    const target = { kind: 'cluster' as const, key: ['edge-1'] };
    await expect(connected().create({ value: { name: name(1), target } }, writing())).rejects.toMatchObject({
      code: 'conflict',
      field: 'name',
    });
    expect(bodies('POST')).toEqual([]);
  });

  it('runs on one cluster, and on no group of them', async () => {
    const target = { kind: 'cluster_group' as const, key: ['all'] };
    await expect(connected().create({ value: { name: 'a', target } }, writing())).rejects.toMatchObject({
      code: 'invalid',
      field: 'target',
    });
  });

  it('is laid out as the others are', async () => {
    const [, ...seeded] = (await connected().list({}, writing())).items;
    for (const { key } of seeded) upstream.control.remove('deployment', key[0] ?? '');
    const [only] = (await connected().list({}, writing())).items;
    const metadata = { name: only?.name };
    upstream.control.touch('deployment', only?.key[0] ?? '', {
      name: '',
      metadata,
      spec: { clusterName: 'x' },
    });
    const value = { name: 'a', target: { kind: 'cluster' as const, key: ['edge-1'] }, version: '2' };
    // The emulator takes flat objects only; what is sent is what this is about.
    await expect(connected().create({ value }, writing())).rejects.toMatchObject({ code: 'invalid' });
    expect(bodies('POST')).toEqual([
      { metadata: { name: 'a' }, spec: { clusterName: 'edge-1', version: '2' } },
    ]);
  });
});

it('an object keeps its name', async () => {
  const key = [name(1)];
  const value = { name: 'other', target: { kind: 'cluster' as const, key: ['edge-1'] } };
  await expect(connected().replace({ key, value }, writing())).rejects.toMatchObject({
    code: 'invalid',
    field: 'name',
  });
});

it('an object that has changed since it was seen is not removed', async () => {
  const key = [name(1)];
  const deployments = connected();
  const expected = await deployments.get({ key }, writing());
  upstream.control.touch('deployment', key[0] ?? '', { message: 'of somebody else' });
  await expect(deployments.remove({ key, expected }, writing())).rejects.toMatchObject({ code: 'conflict' });
  await deployments.remove({ key, expected: await deployments.get({ key }, writing()) }, writing());
  await expect(deployments.get({ key }, writing())).rejects.toMatchObject({ code: 'not_found' });
});
