import type { Call, Host } from '@fleetgate/provider-spec';
import { startUpstream, type Upstream } from '@fleetgate/sandbox';
import { fleetManager } from '../src/index.ts';

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
