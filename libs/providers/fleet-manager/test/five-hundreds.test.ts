import type { Key } from '@fleetgate/model';
import { createProgress, type Subject, withSubject } from '@fleetgate/provider-conformance';
import type { Call, Deployments, Host, Projects } from '@fleetgate/provider-spec';
import { startUpstream, type Upstream } from '@fleetgate/sandbox';
import { fleetManager } from '../src/index.ts';
import { options } from './options.ts';

/** Just enough of a host to reach the emulated upstream: one request is one request. */
const host: Host = {
  async send({ method, url, headers }, { signal }) {
    const response = await fetch(url, { method, headers, signal });
    return { status: response.status, headers: {}, text: await response.text() };
  },
  clock: { now: () => 0, sleep: () => Promise.resolve() },
  random: () => 0,
  tokens: {
    read: () => Promise.resolve(undefined),
    write: () => Promise.resolve(),
    exclusive: (_name, work) => work(),
  },
};

describe('a 500, which stands for three things here', () => {
  let upstream: Upstream;
  const call = (): Call => ({ requestId: 'r', traceparent: '', signal: AbortSignal.timeout(10_000) });
  const provider = (apiKey = upstream.credentials['apiKey'] as string) =>
    fleetManager.connect(fleetManager.settings.parse({ baseUrl: upstream.baseUrl, apiKey }), host);
  const first = async (facet: 'projects' | 'clusters') => {
    const { items } = (await provider()[facet]?.list({ limit: 1 }, call())) ?? { items: [] };
    return items[0]?.key as readonly string[];
  };

  beforeEach(async () => {
    upstream = await startUpstream('fleet-manager', { frozen: true });
  });
  afterEach(() => upstream.close());

  it('is a key that is not taken, where the server answers without one', async () => {
    await expect(provider('wrong').clusters?.list({}, call())).rejects.toMatchObject({
      code: 'unauthenticated',
    });
  });

  it('is an application that is gone, where the key works and it is said twice', async () => {
    const key = await first('projects');
    upstream.control.remove('project', key[0] as string);
    await expect(provider().projects?.get({ key }, call())).rejects.toMatchObject({ code: 'not_found' });
  });

  it('is a failure that passes, where it is said once', async () => {
    const key = await first('projects');
    upstream.control.inject({
      fault: { kind: 'status', status: 500 },
      match: { path: 'applications/' },
      times: 1,
    });
    await expect(provider().projects?.get({ key }, call())).resolves.toMatchObject({ key });
  });

  it('is a failure of any other object, however often: nothing live is taken for gone', async () => {
    const key = await first('clusters');
    upstream.control.inject({ fault: { kind: 'status', status: 500 }, match: { path: 'clusters/' } });
    await expect(provider().clusters?.get({ key }, call())).rejects.toMatchObject({ code: 'unexpected' });
  });

  it('is a failure of the upstream, where nothing answers otherwise', async () => {
    upstream.control.inject({ fault: { kind: 'status', status: 500 } });
    await expect(provider().clusters?.list({}, call())).rejects.toMatchObject({ code: 'unexpected' });
  });
});

describe('the 500 of a change', () => {
  const spec = { source_config: 'type: Application' };
  const onWrite =
    (
      work: (
        subject: Subject,
        progress: ReturnType<typeof createProgress>,
        call: () => Call,
      ) => Promise<void>,
    ) =>
    (): Promise<void> =>
      withSubject(options, {}, (subject) => {
        const progress = createProgress(subject.clock, 1);
        return work(subject, progress, () => subject.call(undefined, progress.journal()));
      });
  const firstKey = async (subject: Subject, kind: 'project' | 'deployment') => {
    const [first] = (await subject.facet(kind).list({}, subject.call())).items;
    return first?.key as Key;
  };
  const projectsOf = ({ provider }: Subject) => provider.projects as Required<Projects>;
  const deploymentsOf = ({ provider }: Subject) => provider.deployments as Required<Deployments>;

  it(
    'is a failure that may have taken effect, and is sent once',
    onWrite(async (subject, progress, call) => {
      const key = await firstKey(subject, 'project');
      subject.changes.meet({ kind: 'fault', fault: { kind: 'status', status: 500 } });
      const replace = () => projectsOf(subject).replace({ key, value: { name: 'new', spec } }, call());
      await expect(replace()).rejects.toMatchObject({ code: 'unexpected', upstream: { status: 500 } });
      expect([subject.changes.sent().length, progress.begun()]).toEqual([1, ['application']]);
      await replace();
      expect(await projectsOf(subject).get({ key }, subject.call())).toMatchObject({ name: 'new' });
    }),
  );

  it(
    'is no refused key, though an outage looks like one',
    onWrite(async (subject, progress, call) => {
      const key = await firstKey(subject, 'project');
      subject.changes.meet({ kind: 'fault', fault: { kind: 'status', status: 500 } });
      subject.upstream.control.inject({
        fault: { kind: 'status', status: 500 },
        match: { path: 'clusters$' },
      });
      const replace = projectsOf(subject).replace({ key, value: { name: 'new', spec } }, call());
      await expect(replace).rejects.toMatchObject({ code: 'unexpected' });
      expect(progress.begun()).toEqual(['application']);
    }),
  );

  it(
    'of a deploy is a bad state, where the application of the deployment is gone',
    onWrite(async (subject, progress, call) => {
      const key = subject.upstream.control.add('deployment', 1);
      const { project_key } = await deploymentsOf(subject).get({ key }, subject.call());
      subject.upstream.control.remove('project', project_key?.[0] as string);
      await expect(deploymentsOf(subject).deploy({ key, value: {} }, call())).rejects.toMatchObject({
        code: 'conflict',
        message: 'the application of the deployment is gone',
        upstream: { status: 500 },
      });
      expect([subject.changes.sent().length, progress.begun()]).toEqual([1, []]);
      const [group] = (await subject.facet('cluster_group').list({}, subject.call())).items;
      const value = { target: { kind: 'cluster_group' as const, key: group?.key as Key } };
      await expect(deploymentsOf(subject).patch({ key, value }, call())).rejects.toMatchObject({
        code: 'conflict',
        upstream: { status: 500 },
      });
    }),
  );

  it(
    'is no removal, where an application that is listed answers 500 to everything',
    onWrite(async (subject, progress, call) => {
      const key = subject.upstream.control.add('project', 1);
      const path = `deployment-applications/${key[0]}$`;
      subject.upstream.control.inject({ fault: { kind: 'status', status: 500 }, match: { path } });
      await expect(projectsOf(subject).remove({ key }, call())).rejects.toMatchObject({ code: 'unexpected' });
      expect([subject.changes.sent().length, progress.begun()]).toEqual([1, ['application']]);
      subject.upstream.control.clear();
      await projectsOf(subject).remove({ key }, call());
      await expect(projectsOf(subject).get({ key }, subject.call())).rejects.toMatchObject({
        code: 'not_found',
      });
    }),
  );
});

it('a deploy that is answered with anything but its release is read from the releases', async () => {
  await withSubject(options, {}, async (subject) => {
    const { provider, upstream } = subject;
    const key = upstream.control.add('deployment', 1);
    const deploy = (answer: string) =>
      fleetManager
        .connect(fleetManager.settings.parse(subject.settings), {
          ...host,
          clock: subject.clock,
          async send(request, call) {
            const response = await host.send(request, call);
            return request.url.endsWith('/deploy') ? { ...response, text: answer } : response;
          },
        })
        .deployments?.deploy?.(
          { key, value: {} },
          subject.call(undefined, createProgress(subject.clock, 1).journal()),
        );
    for (const answer of ['', '{"status":"ok"}', '{"id":"0","deploymentId":"of another"}', 'started']) {
      const written = await deploy(answer);
      const release = await provider.releases?.get({ key: written?.key as Key }, subject.call());
      expect(release).toMatchObject({ deployment_key: key, status: 'queued' });
      upstream.control.clock.advance(10 * 60_000);
    }
  });
});
