import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { startUpstream } from '../../../libs/sandbox/src/index.ts';

const root = join(__dirname, '../../..');

async function check(parameters: readonly string[], environment: Record<string, string> = {}) {
  const child = spawn(
    process.execPath,
    ['tools/kit/typescript.mjs', 'tools/kit/check-provider.mjs', ...parameters],
    { cwd: root, env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const said = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].on('data', (chunk: Buffer) => {
      said[stream] += chunk.toString();
    });
  }
  const [code] = await once(child, 'close');
  return { code: code as number, ...said };
}

describe('against an upstream that is in use', () => {
  it('only reads, and tells which words it does not know', async () => {
    const upstream = await startUpstream('fleet-manager', { scale: 60 });
    const [cluster = ''] = upstream.control.add('cluster', 1);
    upstream.control.touch('cluster', cluster, { onlineStatus: 'online', healthState: 'quantum' });
    const environment = { FLEETGATE_CHECK_API_KEY: upstream.credentials['apiKey'] ?? '' };
    const { code, stdout } = await check(
      ['fleet-manager', '--json', '--base-url', upstream.baseUrl, '--setting', 'timeoutMs=2000'],
      environment,
    );
    const methods = new Set(upstream.control.requests().map(({ method }) => method));
    await upstream.close();
    const { groups, ...report } = JSON.parse(stdout);
    expect({ code, ...report }).toMatchObject({
      code: 0,
      provider: 'fleet-manager',
      upstream: `${upstream.baseUrl} (what reads)`,
      conforms: true,
      failed: 0,
      deviations: [],
      unknown_words: { clusters: [expect.stringContaining('quantum')] },
    });
    expect(groups.map(({ name }: { name: string }) => name)).toEqual([
      'account',
      'projects',
      'clusters',
      'clusterGroups',
      'deployments',
      'releases',
    ]);
    expect([...methods]).toEqual(['GET']);
    expect(stdout).not.toContain(environment.FLEETGATE_CHECK_API_KEY);
  });

  it('tells people what failed, in the words of the fault, and never a credential', async () => {
    const upstream = await startUpstream('fleet-manager', { scale: 20 });
    const { code, stdout } = await check([
      'fleet-manager',
      '--base-url',
      upstream.baseUrl,
      '--setting',
      'apiKey=not-the-key-5f1c',
    ]);
    await upstream.close();
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /✗ account +0 of 1\n {6}the upstream takes the credentials\n {8}the upstream answers 500 to this key/,
    );
    expect(stdout).toContain('it does not conform.');
    expect(stdout).not.toContain('not-the-key-5f1c');
  });

  it('names the variable of a setting that is missing, and every setting that it does not know', async () => {
    const base = ['fleet-manager', '--base-url', 'http://127.0.0.1:1'];
    const missing = await check(base);
    expect(missing).toMatchObject({ code: 2, stdout: '' });
    expect(missing.stderr).toMatch(/apiKey: .* \(FLEETGATE_CHECK_API_KEY\)/);
    const unknown = await check([...base, '--setting', 'colour=red', '--setting', 'secret-alone']);
    expect(unknown.stderr.split('\n').slice(0, 2)).toEqual([
      expect.stringContaining('fleet-manager has no "colour"; it has baseUrl'),
      expect.stringContaining('--setting takes name=value'),
    ]);
  });
});

it.each([
  [[], 'name a provider; there are app-platform'],
  [['fleet-manger'], 'there is no provider "fleet-manger"; there are app-platform'],
  [['palette', 'chimestack'], 'one provider at a time'],
  [['palette', '--setting', 'a=b'], '--setting goes with --base-url'],
  [['palette', '--fast'], "Unknown option '--fast'"],
])('refuses %j in one line', async (parameters, reason) => {
  const { code, stdout, stderr } = await check(parameters);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(`check:provider: ${reason}`);
  expect(stderr.trim().split('\n')).toHaveLength(2);
});
