import { randomUUID } from 'node:crypto';
import type { Result } from 'ioredis';
import type { SharedRedis } from './shared-redis.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    replicaBeat(keys: 1, key: string, name: string, seconds: number): Result<number, Context>;
  }
}

/** How often a replica says that it is there, in milliseconds, and how long that holds, in seconds. */
const beatEvery = 5000;
const beatHolds = 15;

const key = 'replicas';

const scripts = {
  /** By the clock of the server, which is the same for all; answers how many are there. */
  replicaBeat: `
    local now = redis.call('TIME')[1]
    redis.call('ZADD', KEYS[1], now, ARGV[1])
    redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
    redis.call('EXPIRE', KEYS[1], ARGV[2])
    return redis.call('ZCARD', KEYS[1])`,
};

/** How many gateways answer requests behind the same Redis, as last seen. */
export class Replicas {
  readonly #name = randomUUID();
  #count = 1;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly redis: SharedRedis,
    private readonly every = beatEvery,
  ) {
    redis.define(scripts);
  }

  /** Never less than one: ourselves. */
  get count(): number {
    return this.#count;
  }

  /** Resolves after the first beat. */
  async start(): Promise<void> {
    this.#timer = setInterval(() => void this.#beat(), this.every);
    await this.#beat();
  }

  /** Leaves at once, instead of being missed. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.redis.ask((client) => client.zrem(key, this.#name)).catch(() => undefined); // then it is missed
  }

  async #beat(): Promise<void> {
    try {
      this.#count = Math.max(
        1,
        await this.redis.ask((client) => client.replicaBeat(1, key, this.#name, beatHolds)),
      );
    } catch {
      // Redis is lost, and says so itself: the last number holds
    }
  }
}
