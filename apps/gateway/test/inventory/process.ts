import type { Kind } from '@fleetgate/model';
import { systemClock } from '@fleetgate/provider-runtime';
import { Logger } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import type { Connections } from '../../src/connections/connection.ts';
import { openDataSource } from '../../src/database/data-source.ts';
import { Database } from '../../src/database/database.ts';
import { Feed, type LinkedRows } from '../../src/inventory/feed.ts';
import { Freshness } from '../../src/inventory/freshness.ts';
import { Inventory, type ListQuery } from '../../src/inventory/inventory.ts';
import { Revisions } from '../../src/inventory/revisions.ts';
import { Sources } from '../../src/inventory/sources.ts';
import { Outcomes } from '../../src/inventory/sync/outcome.ts';
import { Purge } from '../../src/inventory/sync/purge.ts';
import { defaultSyncSettings, type SyncSettings } from '../../src/inventory/sync/settings.ts';
import { Upkeep } from '../../src/inventory/sync/upkeep.ts';
import { Walker } from '../../src/inventory/sync/walker.ts';
import { SyncJobs } from '../../src/inventory/sync-jobs.ts';
import type { Timing } from '../../src/inventory/timing.ts';
import { Totals } from '../../src/inventory/totals.ts';
import { Stories } from '../../src/requests/stories.ts';
import { Jobs } from '../../src/tracing/jobs.ts';
import type { TestDatabase } from '../setup/test-database.ts';

// The tests look at what happens, not at what is said of it.
Logger.overrideLogger(false);

/** Where no connection is ever made over the API. */
export const noLinks: LinkedRows = { readAll: async () => false, read: async () => false };

export interface ProcessOptions {
  readonly timing?: Timing;
  readonly sync?: Partial<SyncSettings>;
}

/** Everything of the inventory that one process of the gateway has, over a pool of its own. */
export class Process {
  private constructor(
    readonly source: DataSource,
    readonly connections: Connections,
    readonly database: Database,
    readonly revisions: Revisions,
    readonly sources: Sources,
    readonly freshness: Freshness,
    readonly feed: Feed,
    readonly inventory: Inventory,
    readonly walker: Walker,
    readonly jobs: SyncJobs,
    readonly upkeep: Upkeep,
  ) {}

  static async start(
    { target }: TestDatabase,
    connections: Connections,
    { timing = { clock: systemClock, random: Math.random }, sync = {} }: ProcessOptions = {},
  ): Promise<Process> {
    const source = await openDataSource(target);
    const database = new Database(source, target);
    const revisions = new Revisions();
    const sources = new Sources(connections, database, timing);
    const freshness = new Freshness(database, sources, timing);
    const feed = new Feed(database, revisions, sources, noLinks);
    const inventory = new Inventory(database, new Totals(database, revisions), sources, revisions, freshness);
    const outcomes = new Outcomes(database, revisions, sources, timing);
    const settings = { ...defaultSyncSettings, ...sync };
    const walker = new Walker({ database, revisions, timing, settings }, outcomes, new Jobs(new Stories()));
    const upkeep = new Upkeep(database, new Purge(connections, database, revisions, sources), settings);
    const jobs = new SyncJobs(connections, database, feed, walker, upkeep);
    await feed.onModuleInit();
    return new Process(
      source,
      connections,
      database,
      revisions,
      sources,
      freshness,
      feed,
      inventory,
      walker,
      jobs,
      upkeep,
    );
  }

  /** Syncs one connection now, as when somebody asked for it. */
  async sync(slug: string, { confirm = false, stopping = new AbortController().signal } = {}): Promise<void> {
    await this.sources.requestSync(slug, { confirm });
    const connection = this.connections.find(slug);
    if (connection) await this.walker.run(connection, stopping);
  }

  async list(kind: Kind, query: Partial<ListQuery> = {}) {
    const result = await this.inventory.list({
      kind,
      labels: [],
      sort: { field: 'name', descending: false },
      limit: 100,
      from: { page: 1 },
      native: false,
      ...query,
    });
    return { ...result, data: result.rows.map((text) => JSON.parse(text) as Resource) };
  }

  async names(kind: Kind, query: Partial<ListQuery> = {}): Promise<string[]> {
    return (await this.list(kind, query)).data.map(({ name }) => name);
  }

  async rows<R = Record<string, unknown>>(text: string, values: unknown[] = []): Promise<R[]> {
    return this.database.query<R>({ text, values });
  }

  async stop(): Promise<void> {
    await this.jobs.stop();
    await this.feed.beforeApplicationShutdown();
    await this.freshness.beforeApplicationShutdown();
    await this.source.destroy();
  }
}

export interface Resource {
  readonly id: string;
  readonly name: string;
  readonly status: string;
  readonly observed_at: string;
  readonly [field: string]: unknown;
}

/** Waits until a condition holds; a test that waits for more than a while fails by its own time limit. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}
