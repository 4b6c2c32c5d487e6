import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { Database } from '../database/database.ts';
import { Metrics } from '../metrics/metrics.ts';
import type { RequestRecord, StoryDetail } from './request-record.ts';

/** How often what was gathered is written down, in milliseconds. */
const writeEvery = 1_000;
/** Of one team (or of nobody) between two writes: what one of them does must not push out all others. */
const mostOfOne = 100;
/** In memory, while the database does not take them. */
const mostWaiting = 2_000;
/** What is kept: for so long, and so many. */
const kept = { days: 7, rows: 1_000_000 };
const sweepEvery = 600_000;
const sweptAtOnce = 10_000;

export interface Entry {
  readonly record: RequestRecord;
  readonly detail: StoryDetail;
  readonly slow: boolean;
}

/** The log of requests: gathered in memory, written down in batches, trimmed by age and number. */
@Injectable()
export class RequestLog implements BeforeApplicationShutdown {
  readonly #log = new Logger('Requests');
  readonly #taken = new Map<string | null, number>();
  #waiting: Entry[] = [];
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #sweeper: NodeJS.Timeout;

  constructor(
    private readonly database: Database,
    private readonly metrics: Metrics,
  ) {
    this.#sweeper = setInterval(() => void this.#trim(), sweepEvery);
    this.#sweeper.unref();
  }

  /** Asked before an entry is made: under load most of them would be made for nothing. */
  hasRoom(team: string | null): boolean {
    if ((this.#taken.get(team) ?? 0) < mostOfOne && this.#waiting.length < mostWaiting) return true;
    this.metrics.recordsDropped.inc();
    return false;
  }

  add(entry: Entry): void {
    const { team } = entry.record;
    if (!this.hasRoom(team)) return;
    this.#taken.set(team, (this.#taken.get(team) ?? 0) + 1);
    this.#waiting.push(entry);
    this.#timer ??= setTimeout(() => void this.flush(), writeEvery);
  }

  /** Resolves when everything that was added before is stored, or could not be. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#writing;
    this.#writing ??= this.#write().finally(() => (this.#writing = undefined));
    await this.#writing;
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.#sweeper);
    await this.flush();
    clearTimeout(this.#timer);
  }

  async #write(): Promise<void> {
    const batch = this.#waiting;
    this.#taken.clear();
    if (batch.length === 0) return;
    this.#waiting = [];
    try {
      await this.database.query({
        name: 'request-log',
        text: `INSERT INTO request (id, at, team, status, duration_ms, slow, connections, record, detail)
          SELECT * FROM json_to_recordset($1::json) AS r(id text, at timestamptz, team text, status int, duration_ms real,
            slow boolean, connections text[], record json, detail json)`,
        values: [
          JSON.stringify(
            batch.map(({ record, detail, slow }) => {
              const { id, at, team, status, duration_ms, connections } = record;
              return { id, at, team, status, duration_ms, slow, connections, record, detail };
            }),
          ),
        ],
      });
    } catch (error) {
      // They are tried again with the next ones; what does not fit is counted as dropped.
      this.#log.warn(
        `cannot write the log of requests: ${error instanceof Error ? error.message : String(error)}`,
      );
      const room = Math.max(0, mostWaiting - this.#waiting.length);
      this.metrics.recordsDropped.inc(Math.max(0, batch.length - room));
      this.#waiting = [...batch.slice(0, room), ...this.#waiting];
      this.#timer ??= setTimeout(() => void this.flush(), writeEvery);
    }
  }

  async #trim(): Promise<void> {
    const oldest = `SELECT seq, at FROM request ORDER BY seq LIMIT ${sweptAtOnce}`;
    const statement = `WITH old AS (SELECT seq FROM (${oldest}) o WHERE at < now() - interval '${kept.days} days'
        OR seq <= (SELECT max(seq) FROM request) - ${kept.rows}),
      gone AS (DELETE FROM request WHERE seq IN (SELECT seq FROM old) RETURNING 1) SELECT count(*) AS n FROM gone`;
    try {
      for (let n = sweptAtOnce; n === sweptAtOnce; )
        n = (await this.database.query<{ n: number }>({ text: statement }))[0]?.n ?? 0;
    } catch (error) {
      // the next round does it
      this.#log.warn(
        `cannot trim the log of requests: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
}
