import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../../database/database.ts';
import { Purge } from './purge.ts';
import { SYNC_SETTINGS, type SyncSettings } from './settings.ts';

/** How long a resource that is gone is remembered. */
const goneKept = { days: 7 };
/** Rows that are deleted in one statement. */
const batchSize = 10_000;
/** Key of the advisory lock under which one replica at a time does this. */
const upkeepLock = 0x666c_6566;

/** Trims what would grow without bound: events that are past, rows that have long been gone, pages of walks that ended. */
@Injectable()
export class Upkeep {
  constructor(
    private readonly database: Database,
    private readonly purge: Purge,
    @Inject(SYNC_SETTINGS) private readonly settings: SyncSettings,
  ) {}

  async run(stopping: AbortSignal): Promise<void> {
    await this.purge.run(stopping);
    const old = `now() - interval '${goneKept.days} days'`;
    const past = `now() - interval '${this.settings.eventsKeepDays} days'`;
    for (const statement of [
      `DELETE FROM event WHERE sequence IN (SELECT sequence FROM event WHERE at < ${past} ORDER BY at LIMIT ${batchSize})`,
      `DELETE FROM webhook_delivery WHERE seq IN (SELECT seq FROM webhook_delivery
        WHERE finished_at < ${past} ORDER BY finished_at LIMIT ${batchSize})`,
      `DELETE FROM resource WHERE id IN (SELECT id FROM resource
        WHERE gone_at IS NOT NULL AND gone_at < ${old} LIMIT ${batchSize})`,
      `DELETE FROM sync_seen s WHERE NOT EXISTS (SELECT 1 FROM sync_kind k WHERE k.walk = s.walk)`,
    ]) {
      while (!stopping.aborted && (await this.#once(statement)) === batchSize);
    }
  }

  /** Resolves to how many rows went; 0 as well while another replica is at it. */
  async #once(statement: string): Promise<number> {
    return this.database.transaction(async (client) => {
      const { rows } = await client.query<{ mine: boolean }>({
        text: 'SELECT pg_try_advisory_xact_lock($1) AS mine',
        values: [upkeepLock],
      });
      if (!rows[0]?.mine) return 0;
      return (await client.query(statement)).rowCount ?? 0;
    });
  }
}
