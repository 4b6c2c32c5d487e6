import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { upstreamNames } from '@fleetgate/sandbox';

const main = join(__dirname, '..', 'src', 'main.ts');

interface Ran {
  child: ChildProcess;
  stdout: string;
  stderr: string;
}

function start(environment: Record<string, string>, withChannel: boolean, ...argv: string[]): Ran {
  const child = spawn(
    process.execPath,
    ['--conditions=@fleetgate/source', '--disable-warning=ExperimentalWarning', main, ...argv],
    {
      env: { PATH: process.env['PATH'], ...environment },
      stdio: ['ignore', 'pipe', 'pipe', withChannel ? 'ipc' : 'ignore'],
    },
  );
  const ran: Ran = { child, stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk: Buffer) => {
    ran.stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    ran.stderr += chunk.toString();
  });
  return ran;
}

async function ended(ran: Ran): Promise<number | null> {
  const [code] = await once(ran.child, 'close');
  return code as number | null;
}

interface Ready {
  type: string;
  upstreams: { name: string; baseUrl: string }[];
}

describe('apps/sandbox', () => {
  let ran: Ran | undefined;
  afterEach(() => {
    ran?.child.kill('SIGKILL');
  });

  it('serves every upstream, says so on stdout and over its channel, and ends cleanly on SIGTERM', async () => {
    ran = start({ FLEETGATE_SANDBOX_PORT: '0', FLEETGATE_SANDBOX_SCALE: '20' }, true);
    const [ready] = (await once(ran.child, 'message')) as [Ready];
    expect(ready.type).toBe('ready');
    expect(ready.upstreams.map(({ name }) => name)).toEqual(upstreamNames);
    expect(upstreamNames.length).toBeGreaterThanOrEqual(5);
    for (const { name, baseUrl } of ready.upstreams) {
      const answer = await fetch(`${new URL(baseUrl).origin}/_sandbox`);
      expect(await answer.json()).toMatchObject({ upstream: name, base_url: baseUrl });
    }
    ran.child.kill('SIGTERM');
    expect(await ended(ran)).toBe(0);
    expect(ran.stdout.trim().split('\n')).toHaveLength(upstreamNames.length);
    expect(ran.stderr).toBe('');
  });

  it('ends when whoever started it is gone', async () => {
    ran = start({ FLEETGATE_SANDBOX_PORT: '0' }, true);
    await once(ran.child, 'message');
    ran.child.disconnect();
    const [code] = await once(ran.child, 'exit'); // 'close' never comes once the parent has cut the channel
    expect(code).toBe(0);
  });

  it('names every bad setting and exits 1', async () => {
    ran = start(
      { FLEETGATE_SANDBOX_PORT: 'eighty', FLEETGATE_SANDBOX_SCALE: '9', FLEETGATE_SANDBOX_SEED: 'a b' },
      false,
    );
    expect(await ended(ran)).toBe(1);
    expect(ran.stderr.trim().split('\n')).toEqual([
      expect.stringContaining('FLEETGATE_SANDBOX_PORT'),
      expect.stringContaining('FLEETGATE_SANDBOX_SCALE'),
      expect.stringContaining('FLEETGATE_SANDBOX_SEED'),
    ]);
    expect(ran.stdout).toBe('');
  });

  it('says in one line which port is taken and which setting moves it, and exits 1', async () => {
    const squatter = createServer().listen(0, '127.0.0.1');
    await once(squatter, 'listening');
    const address = squatter.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    ran = start({ FLEETGATE_SANDBOX_PORT: String(Math.min(port, 65_536 - upstreamNames.length)) }, false);
    const code = await ended(ran);
    squatter.close();
    expect(code).toBe(1);
    expect(ran.stderr.trim().split('\n')).toEqual([
      expect.stringMatching(new RegExp(`port ${port} .*FLEETGATE_SANDBOX_PORT`)),
    ]);
  });

  it('prints its settings on --help', async () => {
    ran = start({}, false, '--help');
    expect(await ended(ran)).toBe(0);
    for (const name of ['PORT', 'HOST', 'SCALE', 'SEED'])
      expect(ran.stdout).toContain(`FLEETGATE_SANDBOX_${name}`);
  });
});
