import { Webhook } from 'standardwebhooks';
import { type Answer, type Stack, startStack } from '../e2e/stack.ts';

const secret = 'your-webhook-secret';
const path = '/v1/connections/apps/inbound';

interface Told {
  type: string;
  data: { deployment?: { id: string; status: string } };
}

describe('a message of the platform', () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack([
      { slug: 'apps', upstream: 'app-platform', scale: 60, settings: { webhookSecret: secret } },
      { slug: 'mute', upstream: 'app-platform', scale: 10 },
    ]);
    await stack.reach('fresh');
  });
  afterAll(() => stack.close());

  const control = () => stack.upstream('apps').control;
  let sent = 0;
  /** As Standard Webhooks signs it; `at` is when. */
  function signed(data: unknown, { by = secret, at = new Date() } = {}) {
    sent += 1;
    const body = JSON.stringify({ id: `evt_${sent}`, type: 'deployment.completed', data });
    const id = `msg_${sent}`;
    const headers = {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(by, { format: 'raw' }).sign(id, at, body),
    };
    return { method: 'POST', key: null, headers, body } as const;
  }

  async function deployment(status: string): Promise<{ id: string; key: string }> {
    const [key = ''] = control().add('deployment', 1);
    control().touch('deployment', key, { status });
    const { status: answered } = await stack.ask(path, signed({ deployment: { id: key } }));
    expect(answered).toBe(204);
    const { body } = await stack.ask('/v1/deployments?connection=apps&limit=100&sort=-created_at');
    const found = (body as { data: { id: string; native_status: string }[] }).data.find(
      ({ id }) => Buffer.from(id.slice('deploy_'.length), 'base64url').toString() === `apps/${key}`,
    );
    return { id: found?.id ?? '', key };
  }

  /** Once there are as many as that, and after a while in which one more could have come. */
  async function eventsOf(id: string, least: number): Promise<Told[]> {
    for (let look = 0; ; look += 1) {
      const { body } = await stack.ask(`/v1/events?resource=${id}&limit=100`);
      const { data } = body as { data: Told[] };
      if (data.length >= least || look > 100) {
        await new Promise((resolve) => setTimeout(resolve, 300));
        return ((await stack.ask(`/v1/events?resource=${id}&limit=100`)).body as { data: Told[] }).data;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  const asked = (key: string) =>
    control()
      .requests()
      .filter(({ path: asked }) => asked.includes(key)).length;

  it('makes the gateway look at once, and tells in one event what is true there', async () => {
    const { id, key } = await deployment('running');
    expect(id).not.toBe('');
    control().touch('deployment', key, { status: 'success' });
    // What the message itself says is not believed.
    const message = signed({ deployment: { id: key, status: 'failed' } });
    expect(await stack.ask(path, message)).toMatchObject({ status: 204, text: '' });
    const { body } = await stack.ask(`/v1/deployments/${id}?cached=true`);
    expect((body as { data: { status: string } }).data.status).toBe('success');

    expect((await stack.ask(path, message)).status).toBe(204); // sent again
    await stack.ask('/v1/connections/apps/sync', { method: 'POST' }); // and found by a sync as well
    await stack.reach('fresh');
    const types = (await eventsOf(id, 2)).map(({ type }) => type);
    expect(types.filter((type) => type === 'deployment.completed')).toHaveLength(1);
    expect(types).not.toContain('deployment.failed');
  });

  it('about something that is gone takes it out', async () => {
    const { id, key } = await deployment('success');
    control().remove('deployment', key);
    expect((await stack.ask(path, signed({ deployment: { id: key } }))).status).toBe(204);
    expect((await stack.ask(`/v1/deployments/${id}?cached=true`)).status).toBe(404);
  });

  it('that is not signed, by another secret, or of long ago, is refused, and nothing is asked', async () => {
    const { key } = await deployment('running');
    const before = asked(key);
    const data = { deployment: { id: key } };
    const good = signed(data);
    const { 'webhook-signature': _, ...unsigned } = good.headers;
    const refused = [
      await stack.ask(path, { ...good, headers: unsigned }),
      await stack.ask(path, { ...good, body: `${good.body} ` }),
      await stack.ask(path, signed(data, { by: 'another-webhook-secret' })),
      await stack.ask(path, signed(data, { at: new Date(Date.now() - 10 * 60_000) })),
      // The same for a connection that takes none, and for one that there is not.
      await stack.ask('/v1/connections/mute/inbound', good),
      await stack.ask('/v1/connections/none/inbound', good),
    ];
    const told = ({ status, body }: Answer) => ({ status, error: (body as { error: unknown }).error });
    for (const answer of refused) expect(told(answer)).toEqual(told(refused[0] as Answer));
    expect(refused[0]).toMatchObject({ status: 401, body: { error: { code: 'unauthorized' } } });
    expect(asked(key)).toBe(before);
  });

  it('that cannot be read is 422; about what the gateway does not keep, it is about nothing', async () => {
    expect((await stack.ask(path, signed('nothing'))).status).toBe(422);
    expect((await stack.ask(path, signed({ deployment: { id: 7 } }))).status).toBe(422);
    expect((await stack.ask(path, signed({ team: { id: 'team_1' } }))).status).toBe(204);
    expect((await stack.ask(`${path}?really=1`, signed({}))).status).toBe(422);
  });

  it('is to be sent again when the platform does not answer', async () => {
    const { key } = await deployment('running');
    control().inject({ fault: { kind: 'status', status: 500 }, times: 20 });
    const { status } = await stack.ask(path, signed({ deployment: { id: key } }));
    control().clear();
    expect(status).toBe(502);
  });
});
