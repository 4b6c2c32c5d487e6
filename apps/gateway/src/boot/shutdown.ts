import type { Logger } from 'pino';

export interface ShutdownOptions {
  /** ends the process; tests put something else here */
  readonly exit?: (code: number) => void;
  /** how long each part may take to end, in milliseconds; default 10,000 */
  readonly patienceMs?: number;
}

/** Thrown in the middle of a boot that a signal has overtaken. */
export class ShutdownBegun extends Error {
  override readonly name = 'ShutdownBegun';
}

/**
 * Ends, in the reverse order, what was started: once, on a signal or after a failure. A second signal ends the process at
 * once; nothing is lost by that, for PostgreSQL is taken over, or recovers, at the next start.
 */
export class Shutdown {
  readonly #parts: { name: string; end: () => Promise<void> }[] = [];
  readonly #exit: (code: number) => void;
  readonly #patience: number;
  #ending: Promise<void> | undefined;
  #code = 0;
  #signals = 0;
  #logger: Logger | undefined;

  constructor({ exit = (code) => process.exit(code), patienceMs = 10_000 }: ShutdownOptions = {}) {
    this.#exit = exit;
    this.#patience = patienceMs;
  }

  /** Listens to the signals, to the launcher's leaving when it started us, and to what nobody caught. */
  listen(): void {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => this.signalled(signal));
    // A terminal that is closed; under nohup, which takes the terminal away, that signal means nothing.
    if (process.stdin.isTTY) process.on('SIGHUP', () => this.signalled('SIGHUP'));
    if (process.env['FLEETGATE_LAUNCHED'] === '1') {
      const onGone = () => void this.end(0, 'the launcher is gone');
      process.on('disconnect', onGone);
      if (process.connected === false) onGone(); // it went before we listened
    }
    process.on('uncaughtException', (error) => this.failed(error));
    process.on('unhandledRejection', (reason) => this.failed(reason));
  }

  /** A launcher that was told of a failure sends a signal too: only a second one means now. */
  signalled(signal: string): void {
    this.#signals += 1;
    if (this.#signals > 1) this.#exit(130);
    else void this.end(0, signal);
  }

  failed(reason: unknown): void {
    const err = reason instanceof Error ? reason : new Error(String(reason));
    if (this.#logger) this.#logger.fatal({ err }, 'stopping after a failure that nobody foresaw');
    else process.stderr.write(`${err.stack}\n`);
    void this.end(1, 'failure');
  }

  get begun(): boolean {
    return this.#ending !== undefined;
  }

  /** Between two steps of a boot: goes no further when the end has begun. */
  assertNotBegun(): void {
    if (this.begun) throw new ShutdownBegun('the gateway is shutting down');
  }

  logTo(logger: Logger): void {
    this.#logger = logger;
  }

  add(name: string, end: () => Promise<void>): void {
    this.#parts.push({ name, end });
  }

  /**
   * Waits for something that is being started, whose end is known from now on: when a signal comes in the meantime, it is
   * ended as soon as it stands. What fails to start is not ended.
   */
  async starting<T>(name: string, start: Promise<T>, end: (started: T) => Promise<void>): Promise<T> {
    this.add(name, async () => {
      const [outcome] = await Promise.allSettled([start]);
      if (outcome.status === 'fulfilled') await end(outcome.value);
    });
    const started = await start;
    this.assertNotBegun();
    return started;
  }

  /** The exit code is the highest that was asked for. */
  end(code: number, reason: string): Promise<void> {
    this.#code = Math.max(this.#code, code);
    this.#ending ??= this.#end(reason);
    return this.#ending;
  }

  async #end(reason: string): Promise<void> {
    this.#logger?.info({ reason }, 'stopping');
    for (const { name, end } of this.#parts.toReversed()) {
      const late = Promise.withResolvers<never>();
      const timer = setTimeout(
        () => late.reject(new Error(`not ended within ${this.#patience} ms`)),
        this.#patience,
      );
      try {
        await Promise.race([end(), late.promise]);
      } catch (error) {
        // The others still have to end, and the process with them.
        this.#logger?.error({ err: error }, `${name} did not end in order`);
      } finally {
        clearTimeout(timer);
      }
    }
    this.#logger?.info('stopped');
    await new Promise<void>((resolve) => (this.#logger ? this.#logger.flush(() => resolve()) : resolve()));
    this.#exit(this.#code);
  }
}
