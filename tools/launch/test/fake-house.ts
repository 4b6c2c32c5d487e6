import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A checkout with the real launcher, and with fakes for npx, nx, the sandbox and the gateway. */
export class FakeHouse {
  readonly root = mkdtempSync(join(tmpdir(), 'fleetgate-launch-'));
  readonly #diary = join(this.root, 'diary');
  readonly #started: Run[] = [];

  constructor() {
    cpSync(dirname(__dirname), join(this.root, 'tools/launch'), {
      recursive: true,
      filter: (path) => !/[/](test|node_modules)$/.test(path),
    });
    for (const file of ['pnpm-lock.yaml', 'pnpm-workspace.yaml']) this.#write(file, '');
    this.#write('package.json', '{}');
    mkdirSync(join(this.root, 'libs/providers'), { recursive: true });
    for (const app of ['sandbox', 'gateway']) {
      const file = join(this.root, `apps/${app}/dist/main.js`);
      cpSync(join(__dirname, 'fake-program.mjs'), file);
      this.#write(`apps/${app}/package.json`, '{ "type": "module" }');
    }
    const install = [
      'mkdir -p node_modules/.bin',
      'echo > node_modules/.modules.yaml',
      'cp bin/nx node_modules/.bin/nx',
    ];
    this.#script('npx', [
      `echo "npx $*" >> "$FAKE_DIARY"`,
      '[ -z "$FAKE_NPX" ] || { echo "$FAKE_NPX"; exit 1; }',
      ...install,
      `ln -sf "${process.execPath}" node_modules/.bin/node`,
    ]);
    this.#script('nx', [
      `echo "nx $*" >> "$FAKE_DIARY"`,
      '[ -z "$FAKE_NX" ] || { echo "$FAKE_NX"; exit 1; }',
    ]);
  }

  start(env: Record<string, string> = {}, args: string[] = []): Run {
    const run = new Run(this.root, { ...env, FAKE_DIARY: this.#diary }, args);
    this.#started.push(run);
    return run;
  }

  diary(): string[] {
    return existsSync(this.#diary) ? readFileSync(this.#diary, 'utf8').trim().split('\n') : [];
  }

  /** Waits until the diary has such a line; the test's own time limit bounds it. */
  async diaryHas(sign: RegExp): Promise<void> {
    while (!this.diary().some((line) => sign.test(line))) await sleep(20);
  }

  async remove(): Promise<void> {
    for (const run of this.#started) await run.kill();
    rmSync(this.root, { recursive: true, force: true });
  }

  #write(file: string, text: string): void {
    const path = join(this.root, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }

  #script(name: string, lines: string[]): void {
    this.#write(`bin/${name}`, `#!/bin/sh\n${lines.join('\n')}\n`);
    chmodSync(join(this.root, 'bin', name), 0o755);
  }
}

/** One `npm start`, in a process group of its own as a terminal gives it. */
export class Run {
  output = '';
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown[]>;

  constructor(root: string, env: Record<string, string>, args: string[]) {
    const kept = Object.entries(process.env).filter(
      ([name]) => !name.startsWith('FLEETGATE_') && name !== 'NODE_OPTIONS',
    );
    this.#child = spawn(process.execPath, [join(root, 'tools/launch/start.mjs'), ...args], {
      cwd: root,
      detached: true,
      env: { ...Object.fromEntries(kept), PATH: `${root}/bin:${process.env['PATH']}`, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const collect = (text: Buffer) => {
      this.output += text.toString();
    };
    this.#child.stdout?.on('data', collect);
    this.#child.stderr?.on('data', collect);
    this.#closed = once(this.#child, 'exit');
  }

  async says(sign: RegExp): Promise<void> {
    while (!sign.test(this.output)) {
      if (this.#child.exitCode !== null) throw new Error(`it ended without saying ${sign}:\n${this.output}`);
      await sleep(20);
    }
  }

  /** What the terminal does on Ctrl-C. */
  interrupt(): void {
    process.kill(-(this.#child.pid as number), 'SIGINT');
  }

  async exitCode(): Promise<number | null> {
    await this.#closed;
    return this.#child.exitCode;
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#closed;
  }
}
