import type { Kind, Source } from '@fleetgate/model';
import { facetOf } from '@fleetgate/provider-spec';
import { Inject, Injectable } from '@nestjs/common';
import { CONNECTIONS, type Connection, type Connections, linkOf } from '../connections/connection.ts';
import { Database } from '../database/database.ts';
import { sayRequested } from './signals.ts';
import { type KindRecord, readSources, type SourceRecord, staleAfter } from './source-states.ts';
import { TIMING, type Timing } from './timing.ts';

interface Waiter {
  readonly connection: string;
  readonly request: number;
  readonly done: () => void;
}

/** How far each connection's part of the inventory can be trusted: this process's copy of what the syncs have recorded. */
@Injectable()
export class Sources {
  readonly #records = new Map<string, SourceRecord>();
  readonly #waiters = new Set<Waiter>();

  constructor(
    @Inject(CONNECTIONS) private readonly connections: Connections,
    private readonly database: Database,
    @Inject(TIMING) private readonly timing: Timing,
  ) {}

  /** The states of those connections for one kind, in the given order. */
  of(kind: Kind, slugs: readonly string[]): Source[] {
    const now = this.timing.clock.now();
    return slugs.map((slug) => {
      const connection = this.connections.find(slug);
      const known = this.#kind(slug, kind);
      const observedMs = known?.observedMs ?? null;
      return {
        connection: slug,
        provider: connection?.definition.id ?? '',
        state: this.#state(known, connection, slug, now),
        observed_at: observedMs === null ? null : new Date(observedMs).toISOString(),
        ...(known?.error ? { error: { ...known.error } } : {}),
      };
    });
  }

  /** The earliest moment (ms since the epoch) at which one of those states changes by time alone; Infinity: none does. */
  expiry(kind: Kind, slugs: readonly string[]): number {
    const now = this.timing.clock.now();
    let earliest = Number.POSITIVE_INFINITY;
    for (const slug of slugs) {
      const connection = this.connections.find(slug);
      const known = this.#kind(slug, kind);
      if (!connection || known?.observedMs == null || known.error) continue;
      const at = this.#staleAt(connection, known.observedMs);
      if (at > now && at < earliest) earliest = at;
    }
    return earliest;
  }

  /**
   * Asks for syncs of those connections that were synced longer than `olderThanMs` ago, and waits until each has finished or
   * failed, or the signal is aborted. One that is failing already is left to its own pace, and not waited for.
   */
  async refresh(slugs: readonly string[], olderThanMs: number, signal: AbortSignal): Promise<void> {
    const now = this.timing.clock.now();
    const old = slugs.filter((slug) => {
      const connection = this.connections.find(slug);
      const kinds = connection ? this.#kinds(connection) : [];
      return (
        kinds.some((known) => (known?.observedMs ?? Number.NEGATIVE_INFINITY) < now - olderThanMs) &&
        !kinds.some((known) => known?.error && known.dueMs > now)
      );
    });
    await Promise.all(
      old.map(async (slug) => {
        const request = await this.#request(slug, false);
        await this.#served(slug, request, signal);
      }),
    );
  }

  /** Asks for a sync as soon as can be. `confirm`: it may mark as gone whatever it does not see. */
  async requestSync(slug: string, { confirm = false }: { confirm?: boolean } = {}): Promise<void> {
    await this.#request(slug, confirm);
  }

  /** When the last finished walk of a kind began, in milliseconds since the epoch. */
  walkedAt(slug: string, kind: Kind): number {
    return this.#kind(slug, kind)?.observedMs ?? Number.NEGATIVE_INFINITY;
  }

  /** Slugs that this process has, where the inventory may hold rows of others as well; undefined: it does not. */
  confined(): readonly string[] | undefined {
    for (const record of this.#records.values()) {
      if (isOf(record, this.connections.find(record.connection))) continue;
      return this.connections
        .all()
        .filter((one) => isOf(this.#records.get(one.slug), one))
        .map(({ slug }) => slug);
    }
    return undefined;
  }

  /** Makes sure that every connection has its record, and reads them all. */
  async load(): Promise<void> {
    const fixed = this.connections.all().filter(({ made }) => !made); // the others got theirs when they were made
    await this.database.query({
      text: `INSERT INTO sync_state (connection, provider) SELECT * FROM unnest($1::text[], $2::text[])
        ON CONFLICT (connection) DO NOTHING`,
      values: [fixed.map(({ slug }) => slug), fixed.map(({ definition }) => definition.id)],
    });
    const records = await readSources(this.database);
    this.#records.clear();
    for (const record of records) this.#keep(record);
  }

  /** Reads the record of one connection again. */
  async reload(slug: string): Promise<void> {
    const [record] = await readSources(this.database, slug);
    if (record) this.#keep(record);
    else {
      this.#records.delete(slug);
      for (const waiter of this.#waiters) if (waiter.connection === slug) waiter.done(); // nothing comes any more
    }
  }

  #keep(record: SourceRecord): void {
    this.#records.set(record.connection, record);
    for (const waiter of this.#waiters) {
      if (waiter.connection === record.connection && record.served >= waiter.request) waiter.done();
    }
  }

  #kind(slug: string, kind: Kind): KindRecord | undefined {
    const record = this.#records.get(slug);
    return isOf(record, this.connections.find(slug)) ? record?.kinds.get(kind) : undefined;
  }

  #kinds({ slug, provider }: Connection): (KindRecord | undefined)[] {
    const kinds = Object.keys(facetOf) as Kind[];
    return kinds.filter((kind) => provider[facetOf[kind]]).map((kind) => this.#kind(slug, kind));
  }

  #staleAt({ slug, syncIntervalMs }: Connection, observedMs: number): number {
    return observedMs + staleAfter(syncIntervalMs, this.#records.get(slug)?.runMs ?? 0);
  }

  #state(
    known: KindRecord | undefined,
    connection: Connection | undefined,
    slug: string,
    now: number,
  ): Source['state'] {
    if (known?.error) return 'failing';
    if (known?.observedMs == null || !connection || !this.#records.has(slug)) return 'never_synced';
    return this.#staleAt(connection, known.observedMs) <= now ? 'stale' : 'fresh';
  }

  /** Resolves to the number of the request. One that no run has taken up yet is joined. */
  async #request(slug: string, confirm: boolean): Promise<number> {
    return this.database.transaction(async (client) => {
      const { rows } = await client.query<{ requested: number }>({
        text: `UPDATE sync_state SET due_at = least(due_at, now()),
            requested = CASE WHEN requested > serving THEN requested ELSE requested + 1 END,
            confirmed = CASE WHEN NOT $2 THEN confirmed WHEN requested > serving THEN requested ELSE requested + 1 END
          WHERE connection = $1 RETURNING requested`,
        values: [slug, confirm],
      });
      await sayRequested(client, slug);
      return rows[0]?.requested ?? 0;
    });
  }

  #served(slug: string, request: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const finish = () => {
        this.#waiters.delete(waiter);
        signal.removeEventListener('abort', finish);
        resolve();
      };
      const waiter: Waiter = { connection: slug, request, done: finish };
      if (signal.aborted || (this.#records.get(slug)?.served ?? 0) >= request) return resolve();
      signal.addEventListener('abort', finish, { once: true });
      this.#waiters.add(waiter);
    });
  }
}

/** Whether what is recorded is about that connection, and not about another of the same slug. */
function isOf(record: SourceRecord | undefined, connection: Connection | undefined): boolean {
  if (!record || !connection) return record === undefined && connection !== undefined;
  return record.provider === connection.definition.id && record.link === linkOf(connection);
}
