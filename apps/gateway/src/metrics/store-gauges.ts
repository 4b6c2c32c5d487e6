import { type Kind, kinds } from '@fleetgate/model';
import { Inject, Injectable } from '@nestjs/common';
import { CONNECTIONS, type Connections } from '../connections/connection.ts';
import { Database } from '../database/database.ts';
import { Sources } from '../inventory/sources.ts';
import { holds } from '../reading/scope.ts';
import type { Metrics } from './metrics.ts';

/** How long a scrape waits for the database, in milliseconds: it is wanted most of all when that does not answer. */
const patience = 1000;

interface Row {
  readonly connection: string;
  readonly kind: string;
  readonly n: number;
}

/** Of the inventory, and of what waits in the database. */
@Injectable()
export class StoreGauges {
  constructor(
    @Inject(CONNECTIONS) private readonly connections: Connections,
    private readonly sources: Sources,
    private readonly database: Database,
  ) {}

  async collect(metrics: Metrics): Promise<void> {
    this.#syncs(metrics);
    const { pool } = this.database;
    metrics.databaseSessions.set({ state: 'idle' }, pool.idleCount);
    metrics.databaseSessions.set({ state: 'busy' }, pool.totalCount - pool.idleCount);
    metrics.databaseSessions.set({ state: 'waiting' }, pool.waitingCount);
    metrics.databaseSessionsMax.set(pool.options.max);
    metrics.inventoryRows.reset();
    metrics.queueDepth.reset();
    const late = Promise.withResolvers<undefined>();
    const timer = setTimeout(late.resolve, patience, undefined);
    try {
      const stored = await Promise.race([this.#stored(), late.promise]);
      metrics.databaseUp.set(stored ? 1 : 0);
      for (const { connection, kind, n } of stored?.rows ?? [])
        metrics.inventoryRows.set({ connection, kind }, n);
      for (const [queue, n] of Object.entries(stored?.queues ?? {})) metrics.queueDepth.set({ queue }, n);
    } catch {
      metrics.databaseUp.set(0); // which is what is to be told of it
    } finally {
      clearTimeout(timer);
    }
  }

  #syncs(metrics: Metrics): void {
    metrics.syncLag.reset();
    metrics.syncFailing.reset();
    const now = Date.now();
    for (const connection of this.connections.all()) {
      for (const kind of kinds.filter((one: Kind) => holds(connection, one))) {
        const [source] = this.sources.of(kind, [connection.slug]);
        const labels = { connection: connection.slug, kind };
        metrics.syncFailing.set(labels, source?.state === 'failing' ? 1 : 0);
        if (source?.observed_at)
          metrics.syncLag.set(labels, Math.max(0, now - Date.parse(source.observed_at)) / 1000);
      }
    }
  }

  async #stored(): Promise<{ rows: Row[]; queues: Record<string, number> }> {
    const slugs = this.connections.all().map(({ slug }) => slug);
    const [rows, [queues]] = await Promise.all([
      this.database.query<Row>({
        name: 'metrics-rows',
        text: `SELECT connection, kind, n FROM resource_count WHERE kind = ANY($1::text[]) AND facet = 'all' AND value = ''
          AND connection = ANY($2::text[])`,
        values: [kinds, slugs],
      }),
      this.database.query<Record<string, number>>({
        name: 'metrics-queues',
        text: `SELECT
          (SELECT count(*) FROM sync_state WHERE connection = ANY($1::text[]) AND due_at <= now()
            AND (lease_until IS NULL OR lease_until <= now())) AS sync,
          (SELECT count(*) FROM operation WHERE state = 'running' AND lease_until IS NOT NULL AND lease_until <= now()) AS operations,
          (SELECT count(*) FROM follow_up WHERE due_at <= now()) AS follow_ups,
          (SELECT count(*) FROM outbox) AS events,
          (SELECT count(*) FROM webhook_delivery d JOIN webhook w ON w.id = d.webhook WHERE d.state = 'waiting'
            AND d.due_at <= now() AND w.disabled_at IS NULL) AS webhooks`,
        values: [slugs],
      }),
    ]);
    return { rows, queues: queues ?? {} };
  }
}
