import {
  type DynamicModule,
  Global,
  Inject,
  Logger,
  Module,
  type OnApplicationShutdown,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import type { Config } from '../config.ts';
import { Replicas } from './replicas.ts';
import { SharedRedis } from './shared-redis.ts';

/** What the replicas share; null: there is no Redis, and each is for itself. */
export const SHARED = Symbol('shared');
export type Shared = { readonly redis: SharedRedis; readonly replicas: Replicas } | null;

type RedisConfig = Pick<Config, 'redisUrl' | 'redisPrefix' | 'redisTimeoutMs'>;

/** How long a start waits for Redis, in milliseconds; the gateway serves without it too. */
const startPatience = 2000;

@Global()
@Module({})
export class RedisModule implements OnModuleInit, OnModuleDestroy, OnApplicationShutdown {
  constructor(@Inject(SHARED) private readonly shared: Shared) {}

  static with(config: RedisConfig): DynamicModule {
    return {
      module: RedisModule,
      providers: [{ provide: SHARED, useFactory: () => sharedOf(config) }],
      exports: [SHARED],
    };
  }

  async onModuleInit(): Promise<void> {
    await this.shared?.redis.connect(startPatience);
    await this.shared?.replicas.start();
  }

  async onModuleDestroy(): Promise<void> {
    await this.shared?.replicas.stop();
  }

  /** The last of all steps: others say good-bye through it. */
  onApplicationShutdown(): void {
    this.shared?.redis.close();
  }
}

function sharedOf({ redisUrl, redisPrefix, redisTimeoutMs }: RedisConfig): Shared {
  if (redisUrl === null) return null;
  const log = new Logger('Redis');
  const redis = new SharedRedis({
    url: redisUrl,
    prefix: redisPrefix,
    patienceMs: redisTimeoutMs,
    log,
    random: Math.random,
  });
  return { redis, replicas: new Replicas({ redis, log }) };
}
