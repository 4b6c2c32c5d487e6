import type { Facet, Filter, SortField } from './list-query.ts';

/** What is known of how many rows there are, before any row is read. All are exact, but the last. */
export interface Counts {
  /** rows that the list holds */
  readonly total: number;
  /** live rows of the kind, in every connection and in those of the scope */
  readonly everywhere: number;
  readonly scope: number;
  /** rows of the scope that each filter alone leaves, in the order of the filters; undefined: too many to have counted */
  readonly alone: readonly (number | undefined)[];
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

/** What sorting and reading a gathered row costs, in rows of a walk. */
const gatherCost = 1.5;

interface Wanted {
  readonly filters: readonly Filter[];
  /** how many connections the list is restricted to; undefined: to none */
  readonly connections: number | undefined;
  readonly field: SortField;
  /** rows up to the end of the page, from where the walk begins */
  readonly depth: number;
}

/** The cheapest way to a page, reckoned in rows that have to be looked at. */
export function planOf({ filters, connections, field, depth }: Wanted, counts: Counts): Plan {
  const total = Math.max(counts.total, 1);
  // One that passes every row is no filter: a list from a moment on, in the order of those moments, starts right there.
  const passing = (filter: Filter) => filter.facet === 'since' && field === 'updated_at';
  const dropping = filters.filter((filter) => !passing(filter));
  const steps = dropping.length === 0 ? depth : (depth * counts.scope) / total;

  let best: { plan: Plan; cost: number } = {
    plan: { how: 'walk', along: 'kind' },
    cost: dropping.length === 0 && connections === undefined ? depth : (depth * counts.everywhere) / total,
  };
  const consider = (plan: Plan, cost: number) => {
    if (cost < best.cost) best = { plan, cost };
  };
  if (connections !== undefined) {
    consider({ how: 'walk', along: 'connections' }, Math.min(counts.scope, steps * connections));
    consider({ how: 'gather', by: 'connections' }, counts.scope * gatherCost);
  }
  filters.forEach((filter, index) => {
    const alone = counts.alone[index];
    if (alone === undefined) return;
    consider({ how: 'gather', by: filter }, alone * gatherCost);
    if (
      sorted[filter.facet] === field &&
      (connections === undefined || filter.facet === 'parent' || filter.facet === 'target')
    ) {
      consider({ how: 'walk', along: filter }, Math.min(alone, (depth * alone) / total));
    }
  });
  return best.plan;
}
