import type { Kind } from '@fleetgate/model';
import type { Database } from '../../database/database.ts';
import type { WalkState } from './walk-state.ts';

const notSeen = `missing AS MATERIALIZED (
    SELECT r.id FROM resource r WHERE r.connection = $1 AND r.kind = $2 AND r.gone_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM (SELECT unnest(s.seqs) AS seq FROM sync_seen s WHERE s.walk = $3) seen WHERE seen.seq = r.seq))`;
const counted = `FROM missing m JOIN resource r ON r.id = m.id WHERE r.observed_at < $4::timestamptz`;

/** What a walk that has read every page did not see, and nobody else has seen since it began. */
export class Missing {
  constructor(
    private readonly database: Database,
    private readonly connection: string,
    private readonly kind: Kind,
    private readonly state: WalkState,
  ) {}

  /** Whether every batch of the walk is there to tell what it has seen. */
  async isWhole(): Promise<boolean> {
    const [row] = await this.database.query<{ n: number }>({
      text: 'SELECT count(*) AS n FROM sync_seen WHERE walk = $1',
      values: [this.state.walk],
    });
    return row?.n === this.state.pages;
  }

  async count(): Promise<{ missing: number; live: number }> {
    const [row] = await this.database.query<{ missing: number; live: number }>({
      text: `WITH ${notSeen} SELECT (SELECT count(*) ${counted}) AS missing, coalesce((SELECT n FROM resource_count
        WHERE kind = $2 AND facet = 'all' AND value = '' AND connection = $1), 0) AS live`,
      values: this.#values,
    });
    return row ?? { missing: 0, live: 0 };
  }

  /** Ids of some of them, at most `most`. */
  async ids(most: number): Promise<string[]> {
    const rows = await this.database.query<{ id: string }>({
      text: `WITH ${notSeen} SELECT r.id ${counted} ORDER BY r.id LIMIT ${most}`,
      values: this.#values,
    });
    return rows.map(({ id }) => id);
  }

  get #values(): unknown[] {
    return [this.connection, this.kind, this.state.walk, new Date(this.state.startedMs).toISOString()];
  }
}
