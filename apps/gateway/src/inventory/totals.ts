import { Injectable } from '@nestjs/common';
import { LRUCache } from 'lru-cache';
import { Database } from '../database/database.ts';
import type { Counts, FilterCount } from './list-plan.ts';
import { type Filter, filtersOf, type ListQuery } from './list-query.ts';
import { countStatement } from './list-statement.ts';
import { Parameters } from './parameters.ts';
import { Revisions } from './revisions.ts';

/** Rows of a name search that are counted one by one; where there are more, the index of all names is read through. */
const fewHits = 30_000;
/** Lists whose counts are remembered. */
const remembered = 5_000;

interface Remembered {
  readonly revision: number;
  readonly counts: Counts;
}

/** How many rows a list has: from the counters where one filter decides, counted where several do. Always exact. */
@Injectable()
export class Totals {
  #knowsLetters: Promise<boolean> | undefined;
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
    const { everywhere, scope, alone } = await this.#fromCounters(query, filters);
    const known = (total: number): Counts => ({ everywhere, scope, alone, total });
    const since = filters.findIndex(({ facet }) => facet === 'since');
    if (since >= 0) alone[since] = await this.#since(query);
    if (scope === 0 || alone.some((count) => count?.scope === 0)) return known(0);
    if (filters.length === 0) return known(scope);
    if (filters.length === 1 && alone[0]) return known(alone[0].scope);

    const search = filters.findIndex(({ facet }) => facet === 'q');
    if (search >= 0) {
      const other = query.connections ? scope : Number.POSITIVE_INFINITY;
      const fewest = Math.min(other, ...alone.map((count) => count?.everywhere ?? other));
      const hits = fewest > fewHits ? await this.#hits(query, filters[search] as Filter) : undefined;
      if (hits !== undefined) alone[search] = { everywhere: hits, scope: hits };
      if (hits === 0) return known(0);
      if (hits !== undefined && filters.length === 1 && !query.connections) return known(hits);
    }
    const total = await this.#exact(query, driverOf(filters, alone, query.connections ? scope : everywhere));
    if (search >= 0 && filters.length === 1 && !query.connections)
      alone[search] = { everywhere: total, scope: total };
    return known(total);
  }

  /** How many rows of the kind match a search; undefined: too many to be found one by one. */
  async #hits(
    { kind, q, sort, limit, from, native }: ListQuery,
    search: Filter,
  ): Promise<number | undefined> {
    if (!(await this.#hasTrigram(search))) return undefined;
    const alone = { kind, q, sort, limit, from, native, labels: [] } as ListQuery;
    const hits = await this.#exact(alone, search, fewHits + 1);
    return hits > fewHits ? undefined : hits;
  }

  /** Whether the trigram index can narrow a search: by three in a row, or two at a word's end. On some servers it knows the letters and digits of ASCII only. */
  async #hasTrigram({ value }: Filter): Promise<boolean> {
    if (/[a-z0-9]{3}|[^\p{L}\p{N}][a-z0-9]{2}|[a-z0-9]{2}[^\p{L}\p{N}]/u.test(value)) return true;
    if (!/[\p{L}\p{N}]{3}/u.test(value)) return false;
    this.#knowsLetters ??= this.database
      .tuples<[boolean]>({ text: `SELECT cardinality(show_trgm('\u65e5\u672c\u8a9e')) > 0` })
      .then(([row]) => row?.[0] ?? false);
    return this.#knowsLetters;
  }

  /** What the counters tell: all rows, those of the scope, and those that each filter alone leaves. */
  async #fromCounters(query: ListQuery, filters: readonly Filter[]) {
    const counted = filters.filter(({ facet }) => facet !== 'since' && facet !== 'q');
    const facets = ['all', ...counted.map(({ facet }) => facet)];
    const values = ['', ...counted.map(({ value }) => value)];
    const scope = query.connections ? 'c.connection = ANY($4::text[])' : 'true';
    const rows = await this.database.quickTuples<[string, string, number, number]>({
      name: query.connections ? 'counters-scope' : 'counters',
      text: `SELECT f.facet, f.value, sum(c.n)::bigint, coalesce(sum(c.n) FILTER (WHERE ${scope}), 0)::bigint
        FROM unnest($2::text[], $3::text[]) AS f(facet, value)
        CROSS JOIN LATERAL (SELECT n, connection FROM resource_count
          WHERE kind = $1 AND facet = f.facet AND value = f.value OFFSET 0) c
        GROUP BY 1, 2`,
      values: [query.kind, facets, values, ...(query.connections ? [query.connections] : [])],
    });
    const found = new Map<string, FilterCount>();
    for (const [facet, value, everywhere, within] of rows)
      found.set(`${facet} ${value}`, { everywhere, scope: within });
    const none = { everywhere: 0, scope: 0 };
    const alone = filters.map((filter): FilterCount | undefined =>
      counted.includes(filter) ? (found.get(`${filter.facet} ${filter.value}`) ?? none) : undefined,
    );
    return { ...(found.get('all ') ?? none), alone };
  }

  /** Whole days and hours from the counters, and the rows of the one hour that the moment cuts. */
  async #since(query: ListQuery): Promise<FilterCount> {
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
    const [row] = await this.database.quickTuples<[number]>({
      name: `since-${query.kind}${query.connections ? '-scope' : ''}`,
      text: `SELECT ((${counters} AND facet = 'day' AND value > ${afterDay}${scope})
        + (${counters} AND facet = 'hour' AND value > ${afterHour} AND value < ${lastHour}${scope})
        + (SELECT count(*) FROM resource WHERE kind = '${query.kind}' AND gone_at IS NULL
            AND updated_at >= ${since}::timestamptz AND updated_at < ${hourEnd}::timestamptz${scope}))::bigint`,
      values: parameters.values,
    });
    const within = row?.[0] ?? 0;
    if (!query.connections) return { everywhere: within, scope: within };
    const { connections: _, ...everywhere } = query;
    return { ...(await this.#since(everywhere)), scope: within };
  }

  async #exact(query: ListQuery, by: Filter | 'scope', most?: number): Promise<number> {
    const [row] = await this.database.tuples<[number]>(countStatement(query, by, most));
    return row?.[0] ?? 0;
  }
}

/** The filter whose rows are looked at to count; the scope's index of names where that is as good. */
function driverOf(
  filters: readonly Filter[],
  alone: readonly (FilterCount | undefined)[],
  scope: number,
): Filter | 'scope' {
  let driver: Filter | 'scope' = 'scope';
  let fewest = scope;
  filters.forEach((filter, index) => {
    const count = alone[index]?.everywhere ?? Number.POSITIVE_INFINITY;
    if (count < fewest) [driver, fewest] = [filter, count];
  });
  return driver;
}
