import { startUpstream, type Upstream } from '../src/index.ts';
import { parsed } from './calls.ts';

type Wire = Record<string, unknown> & { name: string };

const path = '/clusterdeploymentstatuses';
let upstream: Upstream;
beforeEach(async () => {
  upstream = await startUpstream('kubestellar-toolkit', { frozen: true });
});
afterEach(() => upstream.close());

async function send(method: string, at: string, body?: unknown): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`${upstream.baseUrl}${path}${at}`, {
    method,
    headers: {
      authorization: `Bearer ${upstream.credentials['token']}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: answer.status, body: parsed(await answer.text()) };
}

const list = async (): Promise<Wire[]> => ((await send('GET', '')).body as { items: Wire[] }).items;
const find = async (name: string): Promise<Wire | undefined> =>
  (await list()).find((object) => object.name === name);
const full = { name: 'shop-eu', cluster: 'wec-new-1', version: 'v1', labels: { app: 'shop' } };

describe('KubeStellar toolkit: objects that are written', () => {
  it('are made, listed last, and rolled out to their end', async () => {
    const made = await send('POST', '', { ...full, replicas: { desired: 3 } });
    expect(made).toMatchObject({ status: 201, body: { ...full, phase: 'Pending', replicas: { ready: 0 } } });
    expect((await list()).at(-1)).toEqual(made.body);
    expect(upstream.control.size('deployment')).toBe(61);
    upstream.control.clock.advance(30_000);
    expect(await find('shop-eu')).toMatchObject({ phase: 'Deploying', replicas: { desired: 3, ready: 2 } });
    upstream.control.clock.advance(3 * 60_000);
    expect(await find('shop-eu')).toMatchObject({
      phase: 'Running',
      completedAt: '2026-01-01T00:02:20.000Z',
    });
  });

  it('have a name of their own', async () => {
    const [first] = await list();
    for (const name of ['shop-eu', first?.name]) {
      if (name === 'shop-eu') await send('POST', '', full);
      expect(await send('POST', '', { ...full, name })).toMatchObject({
        status: 409,
        body: { error: { code: 'Conflict' } },
      });
    }
  });

  it('refuse wrong bodies with a 400 whose message names the field', async () => {
    for (const [body, field] of [
      [[], 'object'],
      [{ cluster: 'a' }, 'name'],
      [{ name: 'No Spaces', cluster: 'a' }, 'name'],
      [{ name: 'a' }, 'cluster'],
      [{ ...full, colour: 'red' }, 'colour'],
      [{ ...full, labels: { app: 1 } }, 'labels'],
      [{ ...full, replicas: { desired: -1 } }, 'replicas.desired'],
      [{ ...full, version: '' }, 'version'],
    ] as const) {
      expect(await send('POST', '', body)).toMatchObject({
        status: 400,
        body: { error: { code: 'BadRequest', message: expect.stringContaining(field) } },
      });
    }
    expect(await list()).toHaveLength(60);
  });

  it('are replaced as a whole, in their place, under the version that was read', async () => {
    const [first, second] = await list();
    const back: Record<string, unknown> = { ...first, version: 'v9', labels: {} };
    const put = await send('PUT', `/${first?.name}`, back);
    expect(put).toMatchObject({ status: 200, body: { version: 'v9', labels: {}, phase: 'Pending' } });
    expect((await list()).map(({ name }) => name).slice(0, 2)).toEqual([first?.name, second?.name]);
    expect(await find(first?.name ?? '')).toMatchObject({ createdAt: first?.['createdAt'], version: 'v9' });
    expect((await send('PUT', `/${first?.name}`, back)).status).toBe(409);
    const { resourceVersion: _, ...unconditional } = back;
    expect((await send('PUT', `/${first?.name}`, unconditional)).status).toBe(200);
    expect((await send('PUT', `/${second?.name}`, unconditional)).status).toBe(400);
    expect((await send('PUT', '/nobody', full)).status).toBe(404);
  });

  it('have another version after every change, where they have one at all', async () => {
    const objects = await list();
    expect(objects.filter(({ resourceVersion }) => resourceVersion === undefined)).toHaveLength(20);
    const [first] = objects;
    upstream.control.touch('deployment', first?.name ?? '', { message: 'by hand' });
    const touched = await find(first?.name ?? '');
    expect(touched?.['resourceVersion']).not.toBe(first?.['resourceVersion']);
    expect((await send('PUT', `/${first?.name}`, first)).status).toBe(409);
    const put = (await send('PUT', `/${first?.name}`, touched)).body as Wire;
    upstream.control.touch('deployment', put.name, { phase: 'Failed' });
    expect((await find(put.name))?.['resourceVersion']).not.toBe(put['resourceVersion']);
    expect(await find(put.name)).toMatchObject({ phase: 'Failed' });
  });

  it('are removed, seeded or made, once', async () => {
    await send('POST', '', full);
    const [first] = await list();
    await send('PUT', `/${first?.name}`, first);
    for (const name of ['shop-eu', first?.name]) {
      expect((await send('DELETE', `/${name}`)).status).toBe(204);
      expect(await send('DELETE', `/${name}`)).toMatchObject({
        status: 404,
        body: { error: { code: 'NotFound' } },
      });
    }
    expect(await list()).toHaveLength(59);
    expect(upstream.control.remove('deployment', 'shop-eu')).toBe(false);
  });
});
