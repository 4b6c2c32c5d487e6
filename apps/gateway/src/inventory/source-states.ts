import type { Kind } from '@fleetgate/model';
import type { Database } from '../database/database.ts';

/** What is known of the syncs of one connection. Times in milliseconds since the epoch. */
export interface SourceRecord {
  readonly connection: string;
  readonly provider: string;
  /** of the connection that it is about, as `linkOf` gives it */
  readonly link: string;
  /** number of the latest request for a sync, and of the latest that was answered */
  readonly requested: number;
  readonly served: number;
  readonly dueMs: number;
  /** how long the last run over all kinds took */
  readonly runMs: number;
  readonly kinds: ReadonlyMap<string, KindRecord>;
}

export interface KindRecord {
  /** when the last finished walk began; null: none has finished */
  readonly observedMs: number | null;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly failingSinceMs: number | null;
  readonly dueMs: number;
}

type Line = readonly [
  connection: string,
  provider: string,
  link: string,
  requested: number,
  served: number,
  dueMs: number,
  runMs: number,
  kind: Kind | null,
  observedMs: number | null,
  code: string | null,
  message: string | null,
  failingSinceMs: number | null,
  kindDueMs: number | null,
];

const milliseconds = (column: string) => `round(date_part('epoch', ${column}) * 1000)`;

/** Reads the state of one source, or of all. */
export async function readSources(database: Database, connection?: string): Promise<SourceRecord[]> {
  const lines = await database.tuples<Line>({
    text: `SELECT s.connection, s.provider, s.link, s.requested, s.served, ${milliseconds('s.due_at')}, s.run_ms,
        k.kind, ${milliseconds('k.observed_at')}, k.error_code, k.error_message, ${milliseconds('k.failing_since')},
        ${milliseconds('k.due_at')}
      FROM sync_state s LEFT JOIN sync_kind k USING (connection)
      ${connection === undefined ? '' : 'WHERE s.connection = $1'} ORDER BY s.connection`,
    values: connection === undefined ? [] : [connection],
  });
  const sources = new Map<string, SourceRecord & { kinds: Map<string, KindRecord> }>();
  for (const [slug, provider, link, requested, served, dueMs, runMs, kind, ...facts] of lines) {
    let source = sources.get(slug);
    if (!source) {
      source = { connection: slug, provider, link, requested, served, dueMs, runMs, kinds: new Map() };
      sources.set(slug, source);
    }
    if (kind === null) continue;
    const [observedMs, code, message, failingSinceMs, kindDueMs] = facts;
    const error = code === null ? null : { code, message: message ?? '' };
    source.kinds.set(kind, {
      observedMs,
      error,
      failingSinceMs,
      dueMs: kindDueMs ?? Number.NEGATIVE_INFINITY,
    });
  }
  return [...sources.values()];
}

/**
 * Age at which what was synced last is called stale, in milliseconds: twice the time from one walk to the next, which is
 * the interval and the walk itself, and a little for the queue.
 */
export function staleAfter(intervalMs: number, runMs: number): number {
  return 2 * (intervalMs + runMs) + 5_000;
}
