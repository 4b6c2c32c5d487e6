import type { Kind } from '@fleetgate/model';
import type pg from 'pg';

/** What of a row is counted. */
export interface Counted {
  readonly status: string | null;
  readonly team: string | null;
  readonly parentId: string | null;
  readonly targetId: string | null;
  readonly labels: readonly string[];
  /** ISO 8601, or -infinity */
  readonly updatedAt: string;
}

const separator = '\u0001';

/** By how much each counter of one connection and kind moves. */
export class CounterDeltas {
  readonly #deltas = new Map<string, number>();

  add(row: Counted): void {
    this.#count(row, 1);
  }

  remove(row: Counted): void {
    this.#count(row, -1);
  }

  /** Applies them. The caller holds the lock of the connection. */
  async write(client: pg.PoolClient, connection: string, kind: Kind): Promise<void> {
    const moved = [...this.#deltas].filter(([, n]) => n !== 0);
    if (moved.length === 0) return;
    const facets = moved.map(([name]) => name.slice(0, name.indexOf(separator)));
    const values = moved.map(([name]) => name.slice(name.indexOf(separator) + 1));
    await client.query({
      text: `INSERT INTO resource_count AS c (kind, facet, value, connection, n)
        SELECT $1, u.facet, u.value, $2, u.n FROM unnest($3::text[], $4::text[], $5::bigint[]) AS u(facet, value, n)
        ON CONFLICT (kind, facet, value, connection) DO UPDATE SET n = c.n + excluded.n`,
      values: [kind, connection, facets, values, moved.map(([, n]) => n)],
    });
    if (!moved.some(([, n]) => n < 0)) return;
    await client.query({
      text: `DELETE FROM resource_count c USING unnest($3::text[], $4::text[]) AS u(facet, value)
        WHERE c.kind = $1 AND c.connection = $2 AND c.facet = u.facet AND c.value = u.value AND c.n = 0
          AND c.value = ANY($4::text[])`,
      values: [kind, connection, facets, values],
    });
  }

  #count({ status, team, parentId, targetId, labels, updatedAt }: Counted, by: number): void {
    this.#move('all', '', by);
    if (status !== null) this.#move('status', status, by);
    if (team !== null) this.#move('team', team, by);
    if (parentId !== null) this.#move('parent', parentId, by);
    if (targetId !== null) this.#move('target', targetId, by);
    for (const label of labels) this.#move('label', label, by);
    if (updatedAt !== '-infinity') {
      this.#move('day', updatedAt.slice(0, 10), by);
      this.#move('hour', updatedAt.slice(0, 13), by);
    }
  }

  #move(facet: string, value: string, by: number): void {
    const name = facet + separator + value;
    this.#deltas.set(name, (this.#deltas.get(name) ?? 0) + by);
  }
}
