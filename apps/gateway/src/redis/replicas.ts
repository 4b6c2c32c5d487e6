import { randomUUID } from 'node:crypto';
import type { Result } from 'ioredis';
import type { SharedRedis } from './shared-redis.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    replicaBeat(keys: 1, key: string, name: string, seconds: number): Result<number, Context>;
  }
}

/** How often a replica says that it is there, in milliseconds, and for how many times of that it counts as there. */
const beatEvery = 1000;
const beatsHeld = 5;

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

export interface ReplicasOptions {
  redis: SharedRedis;
  log: { log(message: string): void };
  /** milliseconds between two beats */
  every?: number;
}

/** How many gateways answer requests behind the same Redis, as last seen. */
export class Replicas {
  readonly #name = randomUUID();
  readonly #redis: SharedRedis;
  readonly #log: ReplicasOptions['log'];
  readonly #every: number;
  #count = 1;
  #fewer = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor({ redis, log, every = beatEvery }: ReplicasOptions) {
    this.#redis = redis;
    this.#log = log;
    this.#every = every;
    redis.define(scripts);
  }

  /** Never less than one: ourselves. */
  get count(): number {
    return this.#count;
  }

  /** Resolves after the first beat. */
  async start(): Promise<void> {
    this.#timer = setInterval(() => void this.#beat(), this.#every);
    await this.#beat();
  }

  /** Leaves at once, instead of being missed. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#redis.ask((client) => client.zrem(key, this.#name)).catch(() => undefined); // then it is missed
  }

  async #beat(): Promise<void> {
    const seconds = Math.ceil((this.#every * beatsHeld) / 1000);
    try {
      this.#saw(await this.#redis.ask((client) => client.replicaBeat(1, key, this.#name, seconds)));
    } catch {
      // Redis is lost, and says so itself: the last number holds
    }
  }

  /** A Redis that has just been started again has not heard of all yet: a smaller number has to be told several times. */
  #saw(count: number): void {
    this.#fewer = count < this.#count ? this.#fewer + 1 : 0;
    if (count === this.#count || (this.#fewer > 0 && this.#fewer <= beatsHeld)) return;
    this.#count = Math.max(1, count);
    this.#fewer = 0;
    this.#log.log(`${this.#count} gateways share this Redis`);
  }
}
