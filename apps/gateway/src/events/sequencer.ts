import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import type pg from 'pg';
import { Database } from '../database/database.ts';
import { channel as inventoryChannel } from '../inventory/signals.ts';
import { newEventId } from './event.ts';
import { type Change, eventsOf } from './event-types.ts';

/** The channel on which every replica hears that there are new events. */
export const eventChannel = 'fleetgate_events';

/** Key of the advisory lock of the one who appends. */
export const appendLock = 0x666c_6567;
/** Rows of the outbox that become events in one transaction. */
const batchSize = 500;
/** How often the outbox is looked at without having been told of a change, and how long changes are gathered; milliseconds. */
const lookEvery = 1_000;
const gatherFor = 20;

interface OutboxRow extends Change {
  readonly seq: number;
  readonly at: string;
  readonly connection: string | null;
  readonly team: string | null;
  readonly resourceId: string | null;
  readonly body: string | null;
  readonly version: number | null;
  readonly requestId: string | null;
}

/**
 * Turns the outbox into the event log: one total order without a gap. Rows are taken only once every transaction that began
 * before them has ended, so that nothing can turn up behind what was numbered already. One replica does it at a time.
 */
@Injectable()
export class Sequencer implements OnApplicationShutdown {
  readonly #log = new Logger('Events');
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;
  #unhear: (() => Promise<void>) | undefined;
  #working: Promise<void> | undefined;
  #again = false;
  #stopped = false;

  constructor(private readonly database: Database) {}

  async start(): Promise<void> {
    this.#unhear = await this.database.listen(
      inventoryChannel,
      () => this.#wake(),
      () => this.#wake(),
    );
    this.#timer = setInterval(() => this.#wake(), lookEvery);
  }

  async onApplicationShutdown(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
    await this.#unhear?.();
    await this.#working;
  }

  #wake(): void {
    if (this.#stopped) return;
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined;
      if (this.#working) this.#again = true;
      else this.#working = this.#drain().finally(() => (this.#working = undefined));
    }, gatherFor);
  }

  async #drain(): Promise<void> {
    try {
      do {
        this.#again = false;
        while (!this.#stopped && (await this.append()) === batchSize);
      } while (this.#again && !this.#stopped);
    } catch (error) {
      // Nothing is lost: the rows stay in the outbox until the next look.
      this.#log.warn(
        `cannot append to the event log: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  /** Appends what is due. Resolves to how many rows of the outbox that were; 0 as well while another replica is at it. */
  async append(): Promise<number> {
    return this.database.transaction(async (client) => {
      const lock = await client.query<{ mine: boolean }>({
        text: 'SELECT pg_try_advisory_xact_lock($1) AS mine',
        values: [appendLock],
      });
      if (!lock.rows[0]?.mine) return 0;
      const { rows } = await client.query<OutboxRow>({
        name: 'outbox-due',
        text: `SELECT seq, ${instant('at')} AS at, connection, team, kind, change, status,
            previous_status AS previous, resource_id AS "resourceId", body::text AS body, version, request_id AS "requestId"
          FROM outbox WHERE xact < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY seq LIMIT ${batchSize}`,
      });
      if (rows.length > 0) await this.#write(client, rows);
      return rows.length;
    });
  }

  async #write(client: pg.PoolClient, rows: readonly OutboxRow[]): Promise<void> {
    const head = await client.query<{ sequence: number }>('SELECT sequence FROM event_head FOR UPDATE');
    let sequence = head.rows[0]?.sequence ?? 0;
    const events = rows.flatMap((row) =>
      eventsOf(row).map(({ type, inferred }) => {
        sequence += 1;
        const id = newEventId();
        return {
          sequence,
          id,
          type,
          row,
          body: bodyOf(row, { sequence, id, type, inferred: inferred ?? false }),
        };
      }),
    );
    await client.query({
      name: 'event-append',
      text: `INSERT INTO event (sequence, id, type, at, connection, team, resource_id, body, request_id)
        SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::text[], $8::text[],
          $9::text[])`,
      values: [
        events.map((event) => event.sequence),
        events.map(({ id }) => id),
        events.map(({ type }) => type),
        events.map(({ row }) => row.at),
        events.map(({ row }) => row.connection),
        events.map(({ row }) => row.team),
        events.map(({ row }) => row.resourceId),
        events.map(({ body }) => body),
        events.map(({ row }) => row.requestId),
      ],
    });
    await client.query({
      name: 'outbox-taken',
      text: 'DELETE FROM outbox WHERE seq = ANY($1::bigint[])',
      values: [rows.map(({ seq }) => seq)],
    });
    await client.query({ text: 'UPDATE event_head SET sequence = $1', values: [sequence] });
    await client.query({ text: 'SELECT pg_notify($1, $2)', values: [eventChannel, String(sequence)] });
  }
}

/** The finished JSON of an event; the resource in it is never parsed. */
function bodyOf(
  { kind, at, connection, previous, version, requestId, body }: OutboxRow,
  { inferred, ...named }: { sequence: number; id: string; type: string; inferred: boolean },
): string {
  const { id, type, sequence } = named;
  const facts = {
    id,
    type,
    created_at: at,
    sequence,
    resource_version: version,
    requestId,
    previous: previous === null ? null : { status: previous },
    inferred,
    connection,
  };
  return `${JSON.stringify(facts).slice(0, -1)},"data":{${JSON.stringify(kind)}:${body ?? 'null'}}}`;
}

function instant(column: string): string {
  return `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}
