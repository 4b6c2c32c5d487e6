import type { Kind } from '@fleetgate/model';
import { type BeforeApplicationShutdown, Inject, Injectable, Logger } from '@nestjs/common';
import { Database } from '../database/database.ts';
import { Sources } from './sources.ts';
import { TIMING, type Timing } from './timing.ts';

/** How long observations are gathered before they are written, in milliseconds. */
const gatherFor = 200;

/**
 * Observations that found nothing new. They are answered with at once, and written a moment later, many in one statement: a
 * reader does not wait for them, and to lose one costs a call upstream.
 */
@Injectable()
export class Freshness implements BeforeApplicationShutdown {
  readonly #log = new Logger('Inventory');
  #observed = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    private readonly database: Database,
    private readonly sources: Sources,
    @Inject(TIMING) private readonly timing: Timing,
  ) {}

  now(): number {
    return this.timing.clock.now();
  }

  /** When a row was last had from the upstream: one that nobody writes is as fresh as the last walk that has seen it. */
  observed(id: string, connection: string, kind: Kind, storedMs: number): number {
    return Math.max(storedMs, this.sources.walkedAt(connection, kind), this.#unwritten(id));
  }

  /** Takes note of an observation. */
  note(id: string, observedMs: number): void {
    this.#observed.set(id, Math.max(observedMs, this.#unwritten(id)));
    this.#timer ??= setTimeout(() => this.#flush(), gatherFor);
  }

  #unwritten(id: string): number {
    return this.#observed.size === 0
      ? Number.NEGATIVE_INFINITY
      : (this.#observed.get(id) ?? Number.NEGATIVE_INFINITY);
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#flush();
    await this.#writing;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#observed.size === 0) return;
    const batch = new Map(this.#observed);
    this.#writing = this.#writing.then(async () => {
      try {
        await this.#write(batch);
      } catch (error) {
        // The rows only look a little older than they are.
        this.#log.warn(`could not stamp rows: ${error instanceof Error ? error.message : String(error)}`);
      }
      for (const [id, ms] of batch) if (this.#observed.get(id) === ms) this.#observed.delete(id);
    });
  }

  /** Rows that a sync is writing at this moment are left to it, so that the two cannot wait for each other. */
  async #write(batch: ReadonlyMap<string, number>): Promise<void> {
    await this.database.query({
      text: `WITH stamped AS (
          SELECT r.id, u.at FROM unnest($1::text[], $2::timestamptz[]) AS u(id, at) JOIN resource r ON r.id = u.id
          WHERE r.id = ANY($1::text[]) AND r.observed_at < u.at AND r.gone_at IS NULL FOR NO KEY UPDATE OF r SKIP LOCKED)
        UPDATE resource r SET observed_at = s.at FROM stamped s WHERE r.id = s.id AND r.id = ANY($1::text[])`,
      values: [[...batch.keys()], [...batch.values()].map((ms) => new Date(ms).toISOString())],
    });
  }
}
