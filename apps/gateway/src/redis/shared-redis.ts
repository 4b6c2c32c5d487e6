import { Redis } from 'ioredis';

export interface SharedRedisOptions {
  url: string;
  /** what every key begins with, so that several installations may share one server */
  prefix: string;
  /** how long a command may take before the server counts as hanging, in milliseconds */
  patienceMs: number;
  log: { warn(message: string, error?: Error): void };
  random: () => number;
}

/** The time that a command is given is counted in ticks of so many milliseconds. */
const tick = 10;
/** How often a server that hangs is asked whether it still does; after `silence` the connection is made anew. */
const askAgainAfter = 500;
const silence = 2000;
/** Between two attempts to connect, at most. */
const longestPause = 2000;

export class RedisUnavailable extends Error {
  override readonly name = 'RedisUnavailable';
}

/**
 * The one Redis client of the process. Nothing waits for a server that is away: a command is sent at once, and answered within
 * the time that it is given, or fails with `RedisUnavailable`; none is kept for later or sent twice. It comes back by itself.
 */
export class SharedRedis {
  readonly #client: Redis;
  readonly #log: SharedRedisOptions['log'];
  readonly #listeners: (() => void)[] = [];
  readonly #patience: number;
  #up = false;
  /** whether the log says that it is lost */
  #told = false;
  #closed = false;
  #asking: NodeJS.Timeout | undefined;

  constructor({ url, prefix, patienceMs, log, random }: SharedRedisOptions) {
    this.#patience = patienceMs;
    this.#log = log;
    this.#client = new Redis(url, {
      keyPrefix: prefix,
      connectionName: 'fleetgate',
      lazyConnect: true,
      connectTimeout: silence,
      socketTimeout: silence,
      disconnectTimeout: 200,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      reconnectOnError: ({ message }) => message.startsWith('READONLY'), // a failover: its name leads to another server now
      // Spread, so that replicas which lost it at the same moment do not all return at the same moment.
      retryStrategy: (attempt) =>
        Math.min(longestPause, 50 * 2 ** Math.min(attempt, 10)) * (0.5 + random() / 2),
    });
    this.#client.on('error', (error) => this.#lost(error));
    this.#client.on('close', () => this.#lost());
    this.#client.on('ready', () => this.#back());
  }

  /** false: every `ask` fails at once */
  get up(): boolean {
    return this.#up;
  }

  /** Hears that Redis is there (again): what is asked of it then comes before all that others ask. */
  onBack(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** Names Lua scripts, to be called like commands; each is sent once for a connection, and by its hash after that. */
  define(scripts: Readonly<Record<string, string>>): void {
    for (const [name, lua] of Object.entries(scripts)) this.#client.defineCommand(name, { lua });
  }

  /** Resolves as soon as it is connected, at the latest after so many milliseconds. */
  async connect(atMostMs: number): Promise<void> {
    const late = Promise.withResolvers<void>();
    const timer = setTimeout(late.resolve, atMostMs);
    // Whoever cannot connect tries again by itself, and the listeners above have heard why.
    await Promise.race([this.#client.connect().catch(() => undefined), late.promise]);
    clearTimeout(timer);
  }

  /**
   * Sends commands and resolves to their answer. `late` is given the answer of one that failed here because it hung, in case it
   * comes after all: the server has done then what was asked.
   */
  ask<T>(command: (client: Redis) => Promise<T>, late?: (answer: T) => void): Promise<T> {
    if (!this.#up) return Promise.reject(new RedisUnavailable('Redis is not connected'));
    return new Promise<T>((resolve, reject) => {
      // What passes while this process is too busy to look is one tick, however long: the answer may well have come.
      let left = Math.ceil(this.#patience / tick);
      let waiting = true;
      const timer = setInterval(() => {
        left -= 1;
        if (left > 0) return;
        clearInterval(timer);
        // Timers come before what has arrived: that is looked at first.
        setImmediate(() => {
          if (!waiting) return;
          waiting = false;
          const error = new RedisUnavailable(`Redis did not answer within ${this.#patience} ms`);
          this.#hangs(error);
          reject(error);
        });
      }, tick);
      command(this.#client).then(
        (answer) => {
          clearInterval(timer);
          if (waiting) resolve(answer);
          else late?.(answer);
          waiting = false;
        },
        (error) => {
          clearInterval(timer);
          waiting = false;
          reject(error);
        },
      );
    });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#asking);
    this.#client.disconnect();
  }

  #hangs(error: Error): void {
    if (!this.#up) return;
    this.#lost(error);
    this.#askAgain();
  }

  /** One question at a time: it is answered, or the silence closes the connection and a new one is made. */
  #askAgain(): void {
    clearTimeout(this.#asking);
    this.#asking = setTimeout(() => {
      if (this.#up || this.#closed || this.#client.status !== 'ready') return;
      const asked = performance.now();
      this.#client.ping().then(
        () => (performance.now() - asked < this.#patience ? this.#back() : this.#askAgain()),
        () => undefined, // the connection is gone: a new one says so itself
      );
    }, askAgainAfter);
  }

  #lost(error?: Error): void {
    if (this.#closed) return;
    if (!this.#told) this.#log.warn('Redis is lost: this process does without until it is back', error);
    this.#told = true;
    this.#up = false;
  }

  #back(): void {
    if (this.#up || this.#closed) return;
    if (this.#told) this.#log.warn('Redis is back');
    this.#told = false;
    this.#up = true;
    for (const listener of this.#listeners) listener();
  }
}
