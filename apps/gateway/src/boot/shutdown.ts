import type { Logger } from 'pino';

/** How long each part may take to end, in milliseconds. */
const patience = 12_000;

/** Ends in the reverse order what was started, once, on a signal or after a failure. */
export class Shutdown {
  readonly #parts: { name: string; end: () => Promise<void> }[] = [];
  #ending: Promise<never> | undefined;
  #logger: Logger | undefined;

  constructor() {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        // The second one means now. Nothing is lost: PostgreSQL recovers, and is taken over at the next start.
        if (this.#ending) process.exit(130);
        void this.end(0);
      });
    }
    if (process.env['FLEETGATE_LAUNCHED'] === '1') process.on('disconnect', () => void this.end(0));
    for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
      process.on(event, (error: unknown) => {
        const err = error instanceof Error ? error : new Error(String(error));
        if (this.#logger) this.#logger.fatal({ err }, 'stopping after a failure that nobody foresaw');
        else process.stderr.write(`${err.stack}\n`);
        void this.end(1);
      });
    }
  }

  get begun(): boolean {
    return this.#ending !== undefined;
  }

  logTo(logger: Logger): void {
    this.#logger = logger;
  }

  add(name: string, end: () => Promise<void>): void {
    this.#parts.push({ name, end });
  }

  end(code: number): Promise<never> {
    this.#ending ??= this.#end(code);
    return this.#ending;
  }

  async #end(code: number): Promise<never> {
    this.#logger?.info('stopping');
    for (const { name, end } of this.#parts.reverse()) {
      try {
        await Promise.race([end(), late(name)]);
      } catch (error) {
        this.#logger?.error({ err: error }, `${name} did not end in order`);
      }
    }
    this.#logger?.info('stopped');
    await new Promise<void>((resolve) => (this.#logger ? this.#logger.flush(() => resolve()) : resolve()));
    process.exit(code);
  }
}

function late(name: string): Promise<never> {
  return new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`${name} took longer than ${patience} ms to end`)), patience).unref();
  });
}
