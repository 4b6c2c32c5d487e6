import { systemClock } from '@fleetgate/provider-runtime';
import { type DynamicModule, Module } from '@nestjs/common';
import { Database } from '../database/database.ts';
import { Stories } from '../requests/stories.ts';
import { Jobs } from '../tracing/jobs.ts';
import { Feed } from './feed.ts';
import { Freshness } from './freshness.ts';
import { Inventory } from './inventory.ts';
import { Revisions } from './revisions.ts';
import { Sources } from './sources.ts';
import { WALK_TOOLS, type WalkTools } from './sync/kind-walk.ts';
import { Outcomes } from './sync/outcome.ts';
import { Purge } from './sync/purge.ts';
import { defaultSyncSettings, SYNC_SETTINGS, type SyncSettings } from './sync/settings.ts';
import { Upkeep } from './sync/upkeep.ts';
import { Walker } from './sync/walker.ts';
import { SyncJobs } from './sync-jobs.ts';
import { TIMING, type Timing } from './timing.ts';
import { Totals } from './totals.ts';

export interface InventoryOptions {
  /** default: the machine's own */
  readonly timing?: Timing;
  readonly sync?: Partial<SyncSettings>;
  /** default: whose traces nobody collects */
  readonly jobs?: Jobs;
}

@Module({})
export class InventoryModule {
  static forRoot({ timing, sync, jobs }: InventoryOptions = {}): DynamicModule {
    return {
      module: InventoryModule,
      providers: [
        { provide: TIMING, useValue: timing ?? { clock: systemClock, random: Math.random } },
        { provide: SYNC_SETTINGS, useValue: { ...defaultSyncSettings, ...sync } },
        Revisions,
        Sources,
        Totals,
        Freshness,
        Feed,
        Inventory,
        Outcomes,
        { provide: Jobs, useValue: jobs ?? new Jobs(new Stories()) },
        {
          provide: WALK_TOOLS,
          inject: [Database, Revisions, TIMING, SYNC_SETTINGS],
          useFactory: (
            database: Database,
            revisions: Revisions,
            clockwork: Timing,
            settings: SyncSettings,
          ): WalkTools => ({ database, revisions, timing: clockwork, settings }),
        },
        Walker,
        Purge,
        Upkeep,
        SyncJobs,
      ],
      exports: [Jobs, Feed, Inventory, Purge, Sources, Revisions, SyncJobs, Walker, TIMING],
    };
  }
}
