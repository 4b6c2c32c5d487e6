import { spawn } from 'node:child_process';
import { Failure } from './failure.mjs';

/**
 * A program of ours that tells over IPC when it is ready. It has a process group of its own: the terminal's Ctrl-C
 * reaches only the launcher, which stops it in order. Should the launcher be killed, the channel breaks and it stops
 * by itself.
 */
export class Child {
  #process;
  #lastWords = '';

  /** @param stdout, stderr as of spawn; a piped stderr is kept for the reason of a failure */
  constructor(name, { program, file, cwd, env, stdout = 'inherit', stderr = 'inherit' }) {
    this.name = name;
    this.#process = spawn(program, [file], {
      cwd,
      env: { ...env, FLEETGATE_LAUNCHED: '1' },
      detached: true,
      stdio: ['ignore', stdout, stderr, 'ipc'],
    });
    this.#process.stderr?.setEncoding('utf8').on('data', (text) => {
      this.#lastWords = (this.#lastWords + text).slice(-4_000);
    });
    /** Resolves to `code 1` or `signal SIGKILL`, once. */
    this.ended = new Promise((resolve) => {
      this.#process.once('error', (error) => resolve(error.message));
      this.#process.once('close', (code, signal) =>
        resolve(code === null ? `signal ${signal}` : `code ${code}`),
      );
    });
  }

  get pid() {
    return this.#process.pid;
  }

  /**
   * Resolves to the `ready` message.
   *
   * @throws {Failure} when it says that it failed, or ends before it is ready
   */
  ready(onStep = () => {}) {
    return new Promise((resolve, reject) => {
      this.#process.on('message', (message) => {
        if (message?.type === 'progress') onStep(message.step);
        else if (message?.type === 'ready') resolve(message);
        else if (message?.type === 'failed') reject(new Failure(message.message));
      });
      void this.ended.then((how) => {
        const reason = this.#lastWords.trim();
        reject(new Failure(reason === '' ? `${this.name} ended (${how}) before it was ready` : reason));
      });
    });
  }

  /** Asks it to end, and resolves when it has. */
  async stop() {
    this.#signal('SIGTERM');
    await this.ended;
  }

  kill() {
    this.#signal('SIGKILL');
  }

  #signal(name) {
    if (this.#process.exitCode === null && this.#process.signalCode === null) this.#process.kill(name);
  }
}
