import type { Key } from '@fleetgate/model';
import { createProgress, dryRunJournal, type Subject, withSubject } from '@fleetgate/provider-conformance';
import type { Deployments, Projects, Provider } from '@fleetgate/provider-spec';
import { options } from './options.ts';

const manifest = 'type: Application\nmetadata:\n  name: till\n';
const minute = 60_000;

/** A provider with all that Fleet Manager lets be changed, and one write after the other. */
function writerOf(subject: Subject, provider: Provider = subject.provider) {
  let writes = 0;
  const projects = provider.projects as Required<Projects>;
  const deployments = provider.deployments as Required<Deployments>;
  return {
    projects,
    deployments,
    /** A write: each call of what it returns takes it up again. */
    write<T>(work: (call: ReturnType<Subject['call']>) => Promise<T>) {
      writes += 1;
      const progress = createProgress(subject.clock, writes);
      return Object.assign(() => work(subject.call(undefined, progress.journal())), progress);
    },
    once<T>(work: (call: ReturnType<Subject['call']>) => Promise<T>): Promise<T> {
      return this.write(work)();
    },
    async application(name = 'till'): Promise<Key> {
      const value = { name, spec: { source_config: manifest } };
      return (await this.once((call) => projects.create({ value }, call))).key;
    },
  };
}

const sentBy = ({ upstream, changes }: Subject) =>
  changes.sent().map(({ method, url, body }) => ({
    request: `${method} ${url.slice(upstream.baseUrl.length)}`,
    ...(body === undefined ? {} : { body: JSON.parse(body) as unknown }),
  }));
const requestsBy = (subject: Subject) => sentBy(subject).map(({ request }) => request);

const onSubject =
  (work: (subject: Subject, writer: ReturnType<typeof writerOf>) => Promise<void>) => (): Promise<void> =>
    withSubject(options, {}, (subject) => work(subject, writerOf(subject)));

async function groupIn(subject: Subject) {
  const [group] = (await subject.facet('cluster_group').list({}, subject.call())).items;
  const key = group?.key as Key;
  return {
    name: group?.name as string,
    id: key[0] as string,
    target: { kind: 'cluster_group' as const, key },
  };
}

describe('an application, its deployment and its release', () => {
  it(
    'are sent as clients send them',
    onSubject(async (subject, writer) => {
      const group = await groupIn(subject);
      const value = { name: 'till', description: 'tills', spec: { source_config: manifest } };
      const project = await writer.once((call) => writer.projects.create({ value }, call));
      const made = await writer.once((call) =>
        writer.deployments.create({ projectKey: project.key, value: { target: group.target } }, call),
      );
      const [id] = project.key;
      expect(sentBy(subject)).toEqual([
        {
          request: 'POST /deployment-applications',
          body: { name: 'till', sourceType: 'api', sourceConfig: manifest, description: 'tills' },
        },
        {
          request: 'POST /deployments',
          body: {
            name: `till-${group.name}`,
            applicationId: id,
            targetGroup: group.id,
            applications: [{ id, name: 'till', version: '1', strategy: 'manual' }],
          },
        },
        { request: `POST /deployments/${made.key[0]}/deploy` },
      ]);
      const [release] = made.touched ?? [];
      const released = await subject.facet('release').get({ key: release?.key as Key }, subject.call());
      expect(released).toMatchObject({ deployment_key: made.key, status: 'queued' });
    }),
  );

  it(
    'are sent as the notes have it, where the settings say so',
    onSubject(async (subject) => {
      const settings = { ...subject.settings, authScheme: 'bearer', bodies: 'notes' };
      const writer = writerOf(subject, subject.connect({ settings }));
      const group = await groupIn(subject);
      const projectKey = await writer.application();
      subject.changes.forget();
      const value = { target: group.target, version: '3', spec: { deploy: false } };
      const { key } = await writer.once((call) => writer.deployments.create({ projectKey, value }, call));
      expect(sentBy(subject)).toEqual([
        {
          request: 'POST /deployments',
          body: {
            name: `till-${group.name}`,
            applicationId: projectKey[0],
            clusterGroupId: group.id,
            applicationVersion: '3',
          },
        },
      ]);
      expect(await writer.deployments.get({ key }, subject.call())).toMatchObject({
        version: '3',
        status: 'queued',
        target: group.target,
      });
      const [listed] = subject.upstream.control.requests().slice(-1);
      expect(listed?.headers['authorization']).toMatch(/^Bearer /);
    }),
  );

  it(
    'are planned as a whole, though the later ones hang on what is not made yet',
    onSubject(async (subject) => {
      const { projects, deployments } = writerOf(subject, subject.connectRuntime());
      const { target, id, name } = await groupIn(subject);
      const journal = dryRunJournal(`fg-${'0'.repeat(26)}`);
      const call = subject.call(undefined, journal);
      const value = { name: 'till', spec: { source_config: manifest } };
      const { key } = await projects.create({ value }, call);
      await deployments.create({ projectKey: key, value: { target } }, call);
      expect(
        journal.requests.map(({ step, method, url }) => [
          step,
          method,
          url.slice(subject.upstream.baseUrl.length),
        ]),
      ).toEqual([
        ['application', 'POST', '/deployment-applications'],
        ['deployment', 'POST', '/deployments'],
        ['release', 'POST', '/deployments/new-deployment/deploy'],
      ]);
      expect(JSON.parse(journal.requests[1]?.body ?? '')).toMatchObject({
        name: `till-${name}`,
        targetGroup: id,
        applications: [{ name: 'till' }],
      });
      expect(subject.changes.sent()).toEqual([]);
    }),
  );
});

describe('an application that was made, and whose answer was lost', () => {
  const value = { name: 'till', spec: { source_config: manifest } };

  it(
    'is not taken for an older one of the same name and content',
    onSubject(async (subject, writer) => {
      const older = await writer.application();
      const write = writer.write((call) => writer.projects.create({ value }, call));
      subject.changes.meet({ kind: 'fault', fault: { kind: 'reset' } }); // it never came to be
      await expect(write()).rejects.toMatchObject({ code: 'unavailable' });
      const { key } = await write();
      expect(key).not.toEqual(older);
    }),
  );

  it(
    'is found whatever the clocks say, its manifest having come back with other line ends',
    onSubject(async (subject, writer) => {
      const write = writer.write((call) => writer.projects.create({ value }, call));
      subject.changes.meet({ kind: 'lost answer' });
      write.die('before recording', 1);
      await expect(write()).rejects.toThrow('the process ended');
      const { items } = await writer.projects.list({}, subject.call());
      const made = items.at(-1)?.key ?? [];
      subject.upstream.control.touch('project', made[0] ?? '', {
        createdAt: '2020-02-02T02:02:02.000Z',
        sourceConfig: manifest.trim().replaceAll('\n', '\r\n'),
      });
      expect((await write()).key).toEqual(made);
      expect(requestsBy(subject)).toEqual(['POST /deployment-applications']);
    }),
  );

  it(
    'is outcome_unknown where somebody else has made another one like it meanwhile',
    onSubject(async (subject, writer) => {
      const write = writer.write((call) => writer.projects.create({ value }, call));
      write.die('before recording', 1);
      await expect(write()).rejects.toThrow('the process ended');
      await writer.application();
      subject.changes.forget();
      await expect(write()).rejects.toMatchObject({ code: 'outcome_unknown' });
      expect(subject.changes.sent()).toEqual([]);
    }),
  );
});

describe('a deployment', () => {
  it(
    'that binds the application to the group already is used, in the version that is asked for',
    onSubject(async (subject, writer) => {
      const { target } = await groupIn(subject);
      const projectKey = await writer.application();
      const create = (value: object) =>
        writer.once((call) => writer.deployments.create({ projectKey, value: { target, ...value } }, call));
      const first = await create({ name: 'north', spec: { deploy: false } });
      subject.changes.forget();
      expect((await create({ version: '2' })).key).toEqual(first.key);
      const path = `/deployments/${first.key[0]}`;
      expect(requestsBy(subject)).toEqual([`PUT ${path}`, `POST ${path}/deploy`]);
      expect(await writer.deployments.get({ key: first.key }, subject.call())).toMatchObject({
        name: 'north',
        version: '2',
      });
      await expect(create({ name: 'south' })).rejects.toMatchObject({
        code: 'conflict',
        message: expect.stringContaining('"north"'),
      });
      await expect(create({ name: 'north' })).rejects.toMatchObject({ code: 'conflict' }); // it is running
    }),
  );

  it(
    'that binds it twice is a conflict: which one is meant cannot be told',
    onSubject(async (subject, writer) => {
      const { target } = await groupIn(subject);
      const projectKey = await writer.application();
      const names = ['north', 'south'];
      for (const [at, key] of subject.upstream.control.add('deployment', 2).entries()) {
        const binding = { name: names[at], applicationId: projectKey[0], targetGroup: target.key[0] };
        subject.upstream.control.touch('deployment', key, {
          ...binding,
          clusterGroupId: null,
          cluster: null,
        });
      }
      const create = (value: object) =>
        writer.once((call) => writer.deployments.create({ projectKey, value: { target, ...value } }, call));
      await expect(create({})).rejects.toMatchObject({
        code: 'conflict',
        message: expect.stringMatching(/^2 /),
      });
      expect(
        (await writer.deployments.get({ key: (await create({ name: 'south' })).key }, subject.call())).name,
      ).toBe('south');
    }),
  );

  it(
    'goes to a group that is there, and to no single cluster',
    onSubject(async (subject, writer) => {
      const projectKey = await writer.application();
      subject.changes.forget();
      const create = (kind: 'cluster' | 'cluster_group', name?: string) => {
        const value = {
          target: { kind, key: ['00000000-0000-4000-8000-000000000000'] },
          ...(name ? { name } : {}),
        };
        return writer.once((call) => writer.deployments.create({ projectKey, value }, call));
      };
      await expect(create('cluster')).rejects.toMatchObject({ code: 'invalid', field: 'target.kind' });
      await expect(create('cluster_group')).rejects.toMatchObject({ code: 'invalid', field: 'target.id' });
      expect(subject.changes.sent()).toEqual([]);
      await expect(create('cluster_group', 'named')).rejects.toMatchObject({
        code: 'invalid',
        details: [{ field: 'target.id', message: 'targetGroup must be an existing cluster group' }],
      });
    }),
  );
});

describe('a release', () => {
  /** A deployment that was deployed once and rests, with that release. */
  async function deployed(subject: Subject, writer: ReturnType<typeof writerOf>): Promise<[Key, Key]> {
    const { target } = await groupIn(subject);
    const projectKey = await writer.application();
    const { key, touched } = await writer.once((call) =>
      writer.deployments.create({ projectKey, value: { target } }, call),
    );
    subject.upstream.control.clock.advance(10 * minute);
    subject.changes.forget();
    return [key, touched?.[0]?.key as Key];
  }
  const deploy = (writer: ReturnType<typeof writerOf>, key: Key) =>
    writer.write((call) => writer.deployments.deploy({ key, value: {} }, call));

  it(
    'that was never started is not taken for the one before',
    onSubject(async (subject, writer) => {
      const [key, older] = await deployed(subject, writer);
      const write = deploy(writer, key);
      subject.changes.meet({ kind: 'fault', fault: { kind: 'reset' } });
      await expect(write()).rejects.toMatchObject({ code: 'unavailable' });
      expect((await write()).key).not.toEqual(older);
      expect(requestsBy(subject)).toHaveLength(2);
    }),
  );

  it(
    'is found though the one before it is forgotten',
    onSubject(async (subject, writer) => {
      const [key, older] = await deployed(subject, writer);
      const write = deploy(writer, key);
      write.die('before recording', 1);
      await expect(write()).rejects.toThrow('the process ended');
      subject.upstream.control.remove('release', older[1] as string);
      const [started, ...more] = (await subject.facet('release').list({}, subject.call())).items.filter(
        (one) => JSON.stringify((one as { deployment_key?: Key }).deployment_key) === JSON.stringify(key),
      );
      expect(more).toEqual([]);
      expect((await write()).key).toEqual(started?.key);
      expect(requestsBy(subject)).toHaveLength(1);
    }),
  );

  it(
    'is outcome_unknown where somebody else has started another one meanwhile',
    onSubject(async (subject, writer) => {
      const [key] = await deployed(subject, writer);
      const write = deploy(writer, key);
      write.die('before recording', 1);
      await expect(write()).rejects.toThrow('the process ended');
      subject.upstream.control.clock.advance(10 * minute);
      await deploy(writer, key)();
      subject.changes.forget();
      await expect(write()).rejects.toMatchObject({ code: 'outcome_unknown' });
      expect(subject.changes.sent()).toEqual([]);
    }),
  );
});

describe('an application is removed', () => {
  it(
    'with its deployments where that is asked for, else it is told what is in the way',
    onSubject(async (subject, writer) => {
      const { target } = await groupIn(subject);
      const key = await writer.application();
      const value = { target, spec: { deploy: false } };
      const bound = await writer.once((call) => writer.deployments.create({ projectKey: key, value }, call));
      subject.changes.forget();
      await expect(writer.once((call) => writer.projects.remove({ key }, call))).rejects.toMatchObject({
        code: 'conflict',
        message: 'the application still has deployments: remove those first, or ask for cleanup',
        upstream: { status: 409 },
      });
      subject.changes.forget();
      const write = writer.write((call) => writer.projects.remove({ key, cleanup: true }, call));
      write.die('before recording', 1); // the deployment is gone, and nobody has written it down
      await expect(write()).rejects.toThrow('the process ended');
      await write();
      expect(requestsBy(subject)).toEqual([
        `DELETE /deployments/${bound.key[0]}`,
        `DELETE /deployment-applications/${key[0]}`,
      ]);
      expect(write.begun()).toEqual([]);
      await expect(
        writer.once((call) => writer.projects.remove({ key, cleanup: true }, call)),
      ).rejects.toMatchObject({ code: 'not_found' });
    }),
  );

  it(
    'not while a deployment of it is running',
    onSubject(async (subject, writer) => {
      const { target } = await groupIn(subject);
      const key = await writer.application();
      await writer.once((call) => writer.deployments.create({ projectKey: key, value: { target } }, call));
      const write = writer.write((call) => writer.projects.remove({ key, cleanup: true }, call));
      await expect(write()).rejects.toMatchObject({ code: 'conflict', upstream: { status: 409 } });
      subject.upstream.control.clock.advance(10 * minute);
      await write();
      await expect(writer.projects.get({ key }, subject.call())).rejects.toMatchObject({ code: 'not_found' });
    }),
  );
});

it(
  'labels of a cluster are its tags: what is not named stays as it was written',
  onSubject(async (subject) => {
    const [cluster] = (await subject.facet('cluster').list({}, subject.call())).items;
    const key = cluster?.key as Key;
    const id = key[0] as string;
    subject.upstream.control.touch('cluster', id, { tags: 'retail, env=prod,tier : 1' });
    const patch = (labels: Record<string, string | null> | null) =>
      subject.provider.clusters?.patch?.(
        { key, value: { labels } },
        subject.call(undefined, createProgress(subject.clock, 1).journal()),
      );
    const tags = () => sentBy(subject).at(-1)?.body;
    await patch({ site: 'berlin:mitte', plain: '', tier: null });
    expect(tags()).toEqual({ tags: 'retail, env=prod, site:berlin:mitte, plain' });
    await patch({ env: 'test' });
    expect(tags()).toEqual({ tags: 'retail, site:berlin:mitte, plain, env:test' });
    await patch(null);
    expect(tags()).toEqual({ tags: '' });
    for (const [name, value] of [
      ['a,b', ''],
      ['a:b', ''],
      ['a', 'b,c'],
      ['a', ' b'],
    ] as const) {
      await expect(patch({ [name]: value })).rejects.toMatchObject({
        code: 'invalid',
        field: `labels.${name}`,
      });
    }
  }),
);
