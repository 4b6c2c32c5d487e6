import { Fault, type Key } from '@fleetgate/model';
import { createProgress, type Subject, withSubject } from '@fleetgate/provider-conformance';
import type { Call, Clusters } from '@fleetgate/provider-spec';
import { readComplaint } from '../src/errors.ts';
import { chimestack } from '../src/index.ts';
import { type Answer, serveChime } from './chime-server.ts';
import { plainHost } from './host.ts';
import { options } from './options.ts';

type Writes = Required<Omit<Clusters, 'kubeconfig'>>;
type Progress = ReturnType<typeof createProgress>;

const onWrite =
  (work: (clusters: Writes, subject: Subject, progress: Progress, call: () => Call) => Promise<void>) =>
  (): Promise<void> =>
    withSubject(options, {}, (subject) => {
      const progress = createProgress(subject.clock, 1);
      const call = () => subject.call(undefined, progress.journal());
      return work(subject.provider.clusters as Writes, subject, progress, call);
    });

const sentBy = ({ upstream, changes }: Subject) =>
  changes
    .sent()
    .map(({ method, url, body }) => [
      `${method} ${url.slice(upstream.origin.length)}`,
      body === undefined ? undefined : JSON.parse(body),
    ]);

describe('a cluster', () => {
  it(
    'is made in the zone of that name, or of that uuid',
    onWrite(async (clusters, subject, _progress, call) => {
      const [shown] = (await clusters.list({}, subject.call())).items;
      const zone = shown?.key[0] as string;
      const value = {
        name: 'edge',
        kind: 'kvm',
        location: shown?.location as string,
        spec: { type: 2 as const },
      };
      const { key } = await clusters.create({ value }, call());
      expect(key[0]).toBe(zone);
      expect(sentBy(subject)).toEqual([
        [`POST /v1/az/${zone}/cluster`, { name: 'edge', description: '', hypervisor_type: 'kvm', type: 2 }],
      ]);
      const other = createProgress(subject.clock, 2).journal();
      const byUuid = { name: 'edge', location: zone };
      const second = await clusters.create({ value: byUuid }, subject.call(undefined, other));
      expect(second.key).not.toEqual(key);
      expect(second.key[0]).toBe(zone);
    }),
  );

  it(
    'needs a zone that is there',
    onWrite(async (clusters, subject, _progress, call) => {
      for (const location of ['az-nowhere', undefined]) {
        const value = { name: 'edge', ...(location === undefined ? {} : { location }) };
        await expect(clusters.create({ value }, call())).rejects.toMatchObject({
          code: 'invalid',
          field: 'location',
        });
      }
      expect(subject.changes.sent()).toEqual([]);
    }),
  );

  it(
    'whose answer was lost is not taken for an older one of its name, nor for one of other content',
    onWrite(async (clusters, subject, progress, call) => {
      const [shown] = (await clusters.list({}, subject.call())).items;
      const value = { name: 'edge', location: shown?.location as string };
      const make = (description: string, number: number) =>
        clusters.create(
          { value: { ...value, description } },
          subject.call(undefined, createProgress(subject.clock, number).journal()),
        );
      const older = await make('', 2);
      progress.die('before recording', 1);
      await expect(clusters.create({ value }, call())).rejects.toThrow('the process ended');
      await make('another', 3);
      const { key } = await clusters.create({ value }, call());
      expect(key).not.toEqual(older.key);
      expect(sentBy(subject)).toHaveLength(3);
    }),
  );

  it(
    'is changed as a whole, because what becomes of the rest is not documented',
    onWrite(async (clusters, subject, _progress, call) => {
      const [shown] = (await clusters.list({}, subject.call())).items;
      const key = shown?.key as Key;
      const path = `/v1/az/${key[0]}/cluster/${key[1]}`;
      const { name, description, hypervisor_type, arch, type } = shown?.native ?? {};
      await clusters.patch({ key, value: { spec: { arch: 'arm' }, disabled: true } }, call());
      expect(sentBy(subject)).toEqual([
        [`PATCH ${path}`, { name, description, hypervisor_type, arch: 'arm', type }],
        [`PUT ${path}/disable`, undefined],
      ]);
      expect(arch).not.toBe('arm');
      expect(await clusters.get({ key }, subject.call())).toMatchObject({ status: 'disabled' });
    }),
  );

  it(
    'is disabled and enabled by steps of their own, and nothing else is sent',
    onWrite(async (clusters, subject, progress, call) => {
      const [shown] = (await clusters.list({}, subject.call())).items;
      const key = shown?.key as Key;
      subject.changes.meet({ kind: 'fault', fault: { kind: 'status', status: 400 } });
      const refused = clusters.patch({ key, value: { disabled: true } }, call());
      await expect(refused).rejects.toMatchObject({ code: 'invalid' });
      expect(progress.begun()).toEqual([]);
      for (const disabled of [true, false]) {
        const own = subject.call(undefined, createProgress(subject.clock, 3).journal());
        await clusters.patch({ key, value: { disabled } }, own);
        const { status } = await clusters.get({ key }, subject.call());
        expect(status === 'disabled').toBe(disabled);
      }
      const actions = sentBy(subject).map(([request]) => String(request).split('/').at(-1));
      expect(actions).toEqual(['disable', 'disable', 'enable']);
    }),
  );
});

describe('a removal', () => {
  const removing = async (deleted: unknown): Promise<string[]> => {
    let there = true;
    const server = await serveChime((path, _query, _token, method): Answer => {
      if (method === 'DELETE') {
        there = false;
        return { body: deleted };
      }
      if (!path.endsWith('/cluster/c')) return { status: 404, body: { error: { code: 404 } } };
      return { body: { result: { cluster: { uuid: 'c', name: 'edge', state: there ? 1 : 4 } } } };
    });
    try {
      const settings = { baseUrl: server.baseUrl, userName: 'admin', password: 'a long password' };
      const host = plainHost();
      const { clusters } = chimestack.connect(chimestack.settings.parse(settings), host);
      const call: Call = {
        requestId: 'r',
        traceparent: '',
        signal: AbortSignal.timeout(5_000),
        journal: createProgress(host.clock, 1).journal(),
      };
      await clusters?.remove?.({ key: ['az', 'c'] }, call);
      return server.asked.filter((request) => request.startsWith('DELETE'));
    } finally {
      await server.close();
    }
  };

  it.each([
    ['1', { requestId: 'r', result: 1 }],
    ['0', { requestId: 'r', result: 0 }],
    ['"ok"', { requestId: 'r', result: 'ok' }],
    ['an object', { requestId: 'r', error: null, result: { cluster: 'ok' } }],
    ['no result at all', { requestId: 'r' }],
  ])('that is answered with %s is done', async (_name, answer) => {
    expect(await removing(answer)).toEqual(['DELETE /v1/az/az/cluster/c']);
  });

  it('that fails with 200 is no removal, unless it is gone', async () => {
    expect(await removing({ error: { code: 500, message: 'lost my database' } })).toHaveLength(1);
    const refusal = removing({ error: { code: 403, message: 'access denied' } });
    await expect(refusal).rejects.toBeInstanceOf(Fault);
  });
});

it.each([
  ['name is required', 'name'],
  ['hypervisor_type is not supported', 'kind'],
  ["Key: 'ClusterParams.HypervisorType' Error:Field validation for 'HypervisorType' failed", 'kind'],
  ['type must be 0, 1 or 2', 'spec.type'],
  ['az az-02 has 32 clusters already', undefined],
  ['constructor is required', undefined],
])('a refusal "%s" is of the field %s', (message, field) => {
  const body = { error: { code: 400, message, status: 'illegal or missing parameters' } };
  expect(readComplaint(body, 400).details).toEqual(field === undefined ? undefined : [{ field, message }]);
  expect(readComplaint(body, 500).details).toBeUndefined();
});
