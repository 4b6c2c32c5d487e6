import { systemClock } from '@fleetgate/provider-runtime';
import { type DynamicModule, Global, Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { ThrottlerModule } from '@nestjs/throttler';
import { QUOTA } from '../access/quota.ts';
import type { Config } from '../config.ts';
import { SHARED, type Shared } from '../redis/redis.module.ts';
import { LocalCounters } from './local-counters.ts';
import { Rules } from './rules.ts';
import { SharedCounters } from './shared-counters.ts';
import { ThrottleGuard } from './throttle.guard.ts';

@Global()
@Module({})
export class ThrottleModule {
  static with({ limits }: Pick<Config, 'limits'>): DynamicModule {
    return {
      module: ThrottleModule,
      imports: [
        ThrottlerModule.forRootAsync({
          inject: [SHARED],
          useFactory: (shared: Shared) => ({
            storage: shared ? new SharedCounters(shared, systemClock) : new LocalCounters(systemClock),
            throttlers: Object.entries(limits).map(([name, { limit, windowSeconds }]) => ({
              name,
              limit,
              ttl: windowSeconds * 1000,
            })),
          }),
        }),
      ],
      providers: [
        { provide: Rules, useValue: new Rules(limits) },
        { provide: LocalCounters, useValue: new LocalCounters(systemClock) },
        ThrottleGuard,
        { provide: APP_GUARD, useExisting: ThrottleGuard },
        { provide: QUOTA, useExisting: ThrottleGuard },
      ],
      exports: [ThrottleGuard, QUOTA],
    };
  }
}
