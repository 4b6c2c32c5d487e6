import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { testPoolSize } from './test-database.ts';

export interface ForkedGateway {
  readonly child: ChildProcess;
  /** its address; rejects when it ends before it is ready */
  readonly ready: Promise<string>;
  /** everything that it has said so far */
  output(): string;
  /** kill -9; resolves when it is gone */
  kill(): Promise<void>;
  /** asks it to end; resolves to its exit code */
  stop(): Promise<number | null>;
}

/** Gateways as processes of their own, from their sources, that share a configuration and a folder. */
export class ForkedGateways {
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'fleetgate-process-'));
  readonly #running = new Set<ChildProcess>();

  /** `connections`: the YAML file of connections; `env`: settings, and whatever the file speaks of. */
  constructor(
    connections: string,
    private readonly env: Readonly<Record<string, string | undefined>>,
  ) {
    writeFileSync(path.join(this.#folder, 'connections.yaml'), connections);
  }

  start(env: Readonly<Record<string, string | undefined>> = {}): ForkedGateway {
    const root = path.resolve(__dirname, '../..');
    const child = fork(path.join(root, 'src/main.ts'), {
      cwd: this.#folder,
      execArgv: [
        '--disable-warning=ExperimentalWarning',
        '--conditions=@fleetgate/source',
        `--import=${path.join(root, 'test/e2e/compile.mjs')}`,
      ],
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        FLEETGATE_PORT: '0',
        FLEETGATE_DATABASE_POOL: String(testPoolSize),
        FLEETGATE_DATA_DIR: path.join(this.#folder, 'data'),
        FLEETGATE_CONFIG: path.join(this.#folder, 'connections.yaml'),
        ...this.env,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#running.add(child);
    child.once('exit', () => this.#running.delete(child));
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
    const ready = new Promise<string>((resolve, reject) => {
      child.on('message', (message: { type: string; url?: string }) => {
        if (message.type === 'ready') resolve(message.url as string);
        if (message.type === 'failed') reject(new Error(JSON.stringify(message)));
      });
      child.once('exit', (code) => reject(new Error(`it ended with ${code}: ${output}`)));
    });
    ready.catch(() => undefined); // one that is killed is never ready; who waits for it hears of it
    const ended = async (signal: NodeJS.Signals): Promise<number | null> => {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      child.kill(signal);
      const [code] = (await once(child, 'exit')) as [number | null];
      return code;
    };
    return {
      child,
      ready,
      output: () => output,
      kill: async () => void (await ended('SIGKILL')),
      stop: () => ended('SIGTERM'),
    };
  }

  /** Kills what still runs, and removes the folder. */
  close(): void {
    for (const child of this.#running) child.kill('SIGKILL');
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
