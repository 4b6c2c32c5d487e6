import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export type Line = Record<string, unknown>;

/** Runs test/holder.ts and lets a test wait for what it says. */
export class HolderProcess {
  readonly lines: Line[] = [];
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #waiting: (() => void)[] = [];

  constructor(dataDir: string, patienceMs = 200) {
    const script = join(__dirname, 'holder.ts');
    this.#child = spawn(process.execPath, [script, dataDir, String(patienceMs)], {
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
    });
    this.#closed = once(this.#child, 'close');
    createInterface({ input: this.#child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      this.lines.push(JSON.parse(line) as Line);
      this.#heard();
    });
    void this.#closed.then(() => this.#heard());
  }

  #heard(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** The first line that has `key`, now or later. */
  async line(key: string): Promise<Line> {
    for (;;) {
      const found = this.lines.find((line) => key in line);
      if (found !== undefined) return found;
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
        throw new Error(`the holder ended without saying ${key}: ${JSON.stringify(this.lines)}`);
      }
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  /** Resolves when it has either started its server or given up. */
  async outcome(): Promise<Line> {
    return Promise.race([this.line('ready'), this.line('code')]);
  }

  async stop(): Promise<void> {
    this.#child.stdin?.end('stop\n');
    await this.#closed;
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#closed;
  }

  /** What a terminal does on Ctrl-C: the whole process group gets it. */
  interruptGroup(): void {
    process.kill(-this.pid, 'SIGINT');
  }
}
