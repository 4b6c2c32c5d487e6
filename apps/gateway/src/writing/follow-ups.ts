import { decodeId, isFault } from '@fleetgate/model';
import { newCall } from '@fleetgate/provider-runtime';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { CONNECTIONS, type Connections } from '../connections/connection.ts';
import { Database } from '../database/database.ts';
import { requestIdFrom } from '../http/request-id.ts';
import { Inventory } from '../inventory/inventory.ts';
import { TIMING, type Timing } from '../inventory/timing.ts';
import { Jobs } from '../tracing/jobs.ts';
import { facetFor, isSettled } from './settled.ts';

/** Waits between looks in seconds, doubled from the first to the longest, and how long something is followed. */
const waits = { first: 1, longest: 30 };
const followedFor = '2 hours';
/** How many are looked at in one turn. */
const atOnce = 8;
/** Of more than that the next sync tells. */
const mostChildren = 500;

/** What the upstream still worked on when a write was answered: looked at until it is settled, and taken into the inventory. */
@Injectable()
export class FollowUps {
  readonly #log = new Logger('FollowUps');

  constructor(
    @Inject(CONNECTIONS) private readonly connections: Connections,
    private readonly database: Database,
    private readonly inventory: Inventory,
    @Inject(TIMING) private readonly timing: Timing,
    private readonly jobs: Jobs,
  ) {}

  async schedule(connection: string, ...resourceIds: readonly string[]): Promise<void> {
    if (resourceIds.length === 0) return;
    await this.database.query({
      name: 'follow-up',
      text: `INSERT INTO follow_up (resource_id, connection, due_at, until)
        SELECT id, $2, now() + ${waits.first} * interval '1 s', now() + interval '${followedFor}' FROM unnest($1::text[]) AS id
        ON CONFLICT (resource_id) DO UPDATE SET due_at = excluded.due_at, until = excluded.until, looks = 0`,
      values: [resourceIds, connection],
    });
  }

  /** What hung on something that is gone has mostly gone with it: it is looked at as well. */
  async scheduleChildren(connection: string, parentId: string): Promise<void> {
    await this.schedule(connection, ...(await this.inventory.childrenOf(parentId, mostChildren)));
  }

  /** Looks at what is due, and resolves once that is done. Several processes share the work. */
  async run(signal: AbortSignal): Promise<void> {
    const due = await this.database.query<{ id: string; over: boolean }>({
      name: 'follow-up-due',
      text: `UPDATE follow_up SET looks = looks + 1,
          due_at = now() + least(${waits.first} * 2 ^ looks, ${waits.longest}) * interval '1 s'
        WHERE resource_id IN (SELECT resource_id FROM follow_up WHERE due_at <= now() AND connection = ANY($1::text[])
          ORDER BY due_at LIMIT ${atOnce} FOR UPDATE SKIP LOCKED)
        RETURNING resource_id AS id, until <= now() AS over`,
      values: [this.connections.all().map(({ slug }) => slug)],
    });
    const ended = await Promise.all(
      due.map(async ({ id, over }) => ((await this.#look(id, signal)) || over ? id : undefined)),
    );
    const done = ended.filter((id) => id !== undefined);
    if (done.length === 0) return;
    await this.database.query({
      name: 'follow-up-done',
      text: 'DELETE FROM follow_up WHERE resource_id = ANY($1::text[])',
      values: [done],
    });
  }

  /** @returns whether there is nothing more to follow */
  async #look(id: string, signal: AbortSignal): Promise<boolean> {
    const address = decodeId(id);
    const connection = address && this.connections.find(address.connection);
    if (!address || !connection) return true;
    const asked = this.timing.clock.now();
    const [requestId, { random }] = [requestIdFrom(undefined), this.timing];
    const look = (traceparent: string) =>
      facetFor(connection, address.kind).get(
        { key: address.key },
        newCall({ requestId, traceparent, signal, random }),
      );
    try {
      const record = await this.jobs.run('follow up', { requestId, connection: connection.slug }, look);
      await this.inventory.observe(connection, address.kind, record, false, asked);
      return isSettled(record);
    } catch (error) {
      if (isFault(error, 'not_found')) {
        await this.inventory.vanish(connection, address.kind, address.key, asked);
        await this.scheduleChildren(connection.slug, id);
        return true;
      }
      // The next look, or the next sync, tells.
      this.#log.debug(`cannot follow ${id}: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
  }
}
