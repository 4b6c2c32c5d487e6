import type { Facet, Filter, SortField } from './list-query.ts';

/** What is known of how many rows there are, before any row is read. All of it is exact. */
export interface Counts {
  /** rows that the list holds */
  readonly total: number;
  /** live rows of the kind, in every connection and in those of the scope */
  readonly everywhere: number;
  readonly scope: number;
  /** what each filter alone leaves, in the order of the filters; undefined: too many to have been counted */
  readonly alone: readonly (FilterCount | undefined)[];
}

export interface FilterCount {
  readonly everywhere: number;
  readonly scope: number;
}

/**
 * How the rows of a page are found. `walk` reads an index in the order of the sort, up to where the page ends, and drops
 * what does not fit the other filters; `gather` takes all that one filter leaves and sorts them.
 */
export type Plan =
  | { readonly how: 'walk'; readonly along: 'kind' | 'connections' | Filter }
  | { readonly how: 'gather'; readonly by: 'connections' | Filter };

/** Filters that have an index which is in the order of a sort as well. */
const sorted: Partial<Record<Facet, SortField>> = {
  status: 'name',
  team: 'name',
  parent: 'created_at',
  target: 'created_at',
};

/**
 * What looking at one row costs, about, in microseconds: an entry of an index on the way of a walk; the same where the row
 * itself has to be looked at, which is anywhere on the disk; a row that is gathered, in the order of the disk, and sorted.
 */
const cost = { entry: 0.2, row: 3, gathered: 1.5 };

interface Wanted {
  readonly filters: readonly Filter[];
  /** how many connections the list is restricted to; undefined: to none */
  readonly connections: number | undefined;
  readonly field: SortField;
  /** rows up to the end of the page, from where the walk begins */
  readonly depth: number;
}

export interface Choice {
  readonly plan: Plan;
  /** about what it takes the database, in microseconds */
  readonly cost: number;
}

/** The cheapest way to a page. */
export function planOf({ filters, connections, field, depth }: Wanted, counts: Counts): Choice {
  const total = Math.max(counts.total, 1);
  // A filter that the sort's own index answers makes no row be looked at: a part of the name, when that is the order. And
  // one that passes every row is none: a list from a moment on, in the order of those moments, starts right there.
  const passing = ({ facet }: Filter) => facet === 'since' && field === 'updated_at';
  const inIndex = ({ facet }: Filter) => passing({ facet } as Filter) || (facet === 'q' && field === 'name');
  /** Cost of a walk through `among` rows of which the list is a part, with those filters left to test. */
  const walk = (among: number, left: readonly Filter[], scoped: boolean) => {
    const steps = left.every(passing) && scoped ? depth : (depth * among) / total;
    return Math.min(steps, among) * (left.every(inIndex) && scoped ? cost.entry : cost.row);
  };

  const ways: [plan: Plan, micros: number][] = [
    [{ how: 'walk', along: 'kind' }, walk(counts.everywhere, filters, connections === undefined)],
  ];
  if (connections !== undefined) {
    const each = Math.min(connections, counts.scope / depth + 1);
    ways.push([{ how: 'walk', along: 'connections' }, walk(counts.scope, filters, true) * each]);
    ways.push([{ how: 'gather', by: 'connections' }, counts.scope * cost.gathered]);
  }
  filters.forEach((filter, index) => {
    const alone = counts.alone[index];
    if (alone === undefined) return;
    ways.push([{ how: 'gather', by: filter }, alone.everywhere * cost.gathered]);
    if (sorted[filter.facet] !== field) return;
    const others = filters.filter((other) => other !== filter);
    const scoped = connections === undefined || alone.everywhere === alone.scope;
    ways.push([{ how: 'walk', along: filter }, walk(alone.everywhere, others, scoped)]);
  });
  const [plan, micros] = ways.reduce((best, way) => (way[1] < best[1] ? way : best));
  return { plan, cost: micros };
}
