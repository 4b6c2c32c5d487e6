import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Database } from '../database/database.ts';
import type { Counts } from './list-plan.ts';
import { type Filter, filtersOf, type ListQuery } from './list-query.ts';
import { countStatement } from './list-statement.ts';
import { Parameters } from './parameters.ts';
import { Revisions } from './revisions.ts';

/** Rows of a name search that are counted one by one; where there are more, the index of all names is read through. */
const fewHits = 10_000;
/** Lists whose counts are remembered. */
const remembered = 5_000;

interface Remembered {
  readonly revision: number;
  readonly counts: Counts;
}

/** How many rows a list has: from the counters where one filter decides, counted where several do. Always exact. */
@Injectable()
export class Totals {
  readonly #counts = new LRUCache<string, Remembered>({ max: remembered });

  constructor(
    private readonly database: Database,
    private readonly revisions: Revisions,
  ) {}

  /** The counts of a list; kept until a row of its kind changes. */
  async of(query: ListQuery): Promise<Counts> {
    if (!this.revisions.trusted) return this.#count(query);
    const { kind, connections, status, team, parent, target, labels, q, updatedSince } = query;
    const key = JSON.stringify([kind, connections, status, team, parent, target, labels, q, updatedSince]);
    const revision = this.revisions.data([kind]);
    const known = this.#counts.get(key);
    if (known?.revision === revision) return known.counts;
    const counts = await this.#count(query);
    this.#counts.set(key, { revision, counts });
    return counts;
  }

  async #count(query: ListQuery): Promise<Counts> {
    const filters = filtersOf(query);
    const [{ everywhere, scope }, alone] = await this.#fromCounters(query, filters);
    const since = filters.findIndex(({ facet }) => facet === 'since');
    if (since >= 0) alone[since] = await this.#since(query);
    if (scope === 0 || alone.includes(0)) return { everywhere, scope, alone, total: 0 };
    if (filters.length === 0) return { everywhere, scope, alone, total: scope };
    if (filters.length === 1 && alone[0] !== undefined) return { everywhere, scope, alone, total: alone[0] };

    const search = filters.findIndex(({ facet }) => facet === 'q');
    let driver = fewest(alone);
    if (
      search >= 0 &&
      hasTrigram(filters[search] as Filter) &&
      (driver === undefined || (alone[driver] as number) > fewHits)
    ) {
      const hits = await this.#exact(query, filters[search] as Filter, fewHits + 1, true);
      if (hits <= fewHits) {
        alone[search] = hits;
        driver = search;
        if (filters.length === 1 || hits === 0) return { everywhere, scope, alone, total: hits };
      }
    }
    const by =
      driver === undefined || (alone[driver] as number) * 4 > everywhere
        ? 'scope'
        : (filters[driver] as Filter);
    return { everywhere, scope, alone, total: await this.#exact(query, by) };
  }

  /** What the counters tell: all rows, those of the scope, and those that each filter alone leaves. */
  async #fromCounters(
    query: ListQuery,
    filters: readonly Filter[],
  ): Promise<[{ everywhere: number; scope: number }, (number | undefined)[]]> {
    const counted = filters.filter(({ facet }) => facet !== 'since' && facet !== 'q');
    const facets = ['all', ...counted.map(({ facet }) => facet)];
    const values = ['', ...counted.map(({ value }) => value)];
    const scope = query.connections ? 'c.connection = ANY($4::text[])' : 'true';
    const rows = await this.database.tuples<[string, string, number, number]>({
      name: query.connections ? 'counters-scope' : 'counters',
      text: `SELECT f.facet, f.value, sum(c.n)::bigint, coalesce(sum(c.n) FILTER (WHERE ${scope}), 0)::bigint
        FROM unnest($2::text[], $3::text[]) AS f(facet, value)
        CROSS JOIN LATERAL (SELECT n, connection FROM resource_count
          WHERE kind = $1 AND facet = f.facet AND value = f.value OFFSET 0) c
        GROUP BY 1, 2`,
      values: [query.kind, facets, values, ...(query.connections ? [query.connections] : [])],
    });
    const found = new Map(
      rows.map(([facet, value, all, inScope]) => [`${facet} ${value}`, { all, inScope }]),
    );
    const everything = found.get('all ') ?? { all: 0, inScope: 0 };
    const alone = filters.map((filter) =>
      counted.includes(filter) ? (found.get(`${filter.facet} ${filter.value}`)?.inScope ?? 0) : undefined,
    );
    return [{ everywhere: everything.all, scope: everything.inScope }, alone];
  }

  /** Whole days and hours from the counters, and the rows of the one hour that the moment cuts. */
  async #since(query: ListQuery): Promise<number> {
    const moment = query.updatedSince as string;
    const [day, hour] = [moment.slice(0, 10), moment.slice(0, 13)];
    const parameters = new Parameters();
    const [since, afterDay, afterHour, lastHour, hourEnd] = [
      moment,
      day,
      hour,
      `${day}T99`,
      new Date(Date.parse(`${hour}:00:00.000Z`) + 3_600_000).toISOString(),
    ].map((value) => parameters.add(value));
    const scope = query.connections
      ? ` AND connection = ANY(${parameters.add(query.connections)}::text[])`
      : '';
    const counters = `SELECT coalesce(sum(n), 0) FROM resource_count WHERE kind = '${query.kind}'`;
    const [row] = await this.database.tuples<[number]>({
      name: `since-${query.kind}${query.connections ? '-scope' : ''}`,
      text: `SELECT ((${counters} AND facet = 'day' AND value > ${afterDay}${scope})
        + (${counters} AND facet = 'hour' AND value > ${afterHour} AND value < ${lastHour}${scope})
        + (SELECT count(*) FROM resource WHERE kind = '${query.kind}' AND gone_at IS NULL
            AND updated_at >= ${since}::timestamptz AND updated_at < ${hourEnd}::timestamptz${scope}))::bigint`,
      values: parameters.values,
    });
    return row?.[0] ?? 0;
  }

  async #exact(query: ListQuery, by: Filter | 'scope', most?: number, alone = false): Promise<number> {
    const { status: _, team: __, parent: ___, target: ____, updatedSince: _____, ...searchOnly } = query;
    const counted = alone ? { ...searchOnly, labels: [] } : query;
    const [row] = await this.database.tuples<[number]>(countStatement(counted, by, most));
    return row?.[0] ?? 0;
  }
}

function fewest(alone: readonly (number | undefined)[]): number | undefined {
  let best: number | undefined;
  alone.forEach((count, index) => {
    if (count !== undefined && (best === undefined || count < (alone[best] as number))) best = index;
  });
  return best;
}

/** Whether the trigram index can narrow a search: it knows whole runs of letters and digits only, on some servers ASCII's. */
function hasTrigram({ value }: Filter): boolean {
  return /[a-z0-9]{3}/.test(value);
}
