import { liveTests, titleOf } from '../src/index.ts';
import { type Defect, tinyProvider } from './tiny-provider.ts';
import { startTiny } from './tiny-upstream.ts';

async function check(auth: 'session' | 'key', defects: readonly Defect[] = [], wrong = {}) {
  const upstream = await startTiny({ auth });
  const definition = tinyProvider(auth, ...defects);
  const settings = definition.settings.parse({
    baseUrl: upstream.baseUrl,
    ...upstream.credentials,
    ...wrong,
  });
  const [cluster = ''] = upstream.control.add('cluster', 1);
  upstream.control.touch('cluster', cluster, { state: 'levitating' });
  upstream.control.forget();
  const live = liveTests({ definition, settings });
  try {
    const failures: Record<string, string> = {};
    for (const test of live.tests) {
      await test.run().catch((error: Error) => {
        failures[titleOf(test)] = error.message;
      });
    }
    const methods = upstream.control.requests().map(({ method, path }) => `${method} ${path}`);
    return { live, failures, methods };
  } finally {
    await live.close();
    await upstream.close();
  }
}

it.each(['session', 'key'] as const)(
  'an honest provider passes with a %s, and sends nothing but reads',
  async (auth) => {
    const { live, failures, methods } = await check(auth);
    expect(failures).toEqual({});
    expect(live.tests.length).toBeGreaterThan(25);
    expect(methods.filter((one) => !one.startsWith('GET '))).toEqual(auth === 'key' ? [] : ['POST /login']);
  },
);

it('tells the words that the provider does not know', async () => {
  expect((await check('key')).live.unknownWords()).toMatchObject({ clusters: ['levitating'] });
});

it('wrong credentials fail every test that needs them, and are not told', async () => {
  const { failures } = await check('key', [], { apiKey: 'wrong-key-123456' });
  expect(failures['account › the upstream takes the credentials']).toContain('401');
  expect(failures['clusters › list is walked']).toContain('401');
  expect(JSON.stringify(failures)).not.toContain('wrong-key-123456');
});

it('what would change something is not sent, whatever the provider does', async () => {
  const upstream = await startTiny({ auth: 'key' });
  const honest = tinyProvider('key');
  const live = liveTests({
    definition: {
      ...honest,
      connect: (settings, host) => ({
        ...honest.connect(settings, host),
        account: {
          async identify(_input, call) {
            const url = `${upstream.baseUrl}/projects`;
            await host.send({ method: 'POST', url, headers: {}, repeatable: false, timeoutMs: 1000 }, call);
            return { name: null };
          },
        },
      }),
    },
    settings: honest.settings.parse({ baseUrl: upstream.baseUrl, ...upstream.credentials }),
  });
  await expect(live.tests[0]?.run()).rejects.toThrow('would change something');
  expect(upstream.control.requests()).toEqual([]);
  await live.close();
  await upstream.close();
});

it.each<[Defect, string]>([
  ['accepts foreign cursors', 'clusters › a foreign cursor is invalid'],
  ['has a field of its own', 'clusters › records are what the model says, and nothing else'],
  ['invents a status', 'clusters › records are what the model says, and nothing else'],
  ['gives next for ever', 'clusters › list is walked'],
  ['makes up a project', 'clusters › project_key leads to something'],
])('a provider that %s is caught by %s', async (defect, title) => {
  expect(Object.keys((await check('key', [defect])).failures)).toContain(title);
});
