import { hash as digest } from 'node:crypto';
import type { Kind } from '@fleetgate/model';
import type { Statement } from '../database/database.ts';
import type { Plan } from './list-plan.ts';
import { boundPosition, type Filter, filtersOf, type ListQuery, sortColumns } from './list-query.ts';
import { Parameters } from './parameters.ts';

/**
 * The most rows that one page statement reads. It stands in the text as a number, so that the planner knows that little is
 * wanted; how little exactly is a parameter around it, and one text serves every limit.
 */
export const mostRows = 101;

/** Named statements have at most so many filters, so that sessions keep a bounded number of them. */
const mostFiltersOfNamed = 2;

/** A row of a page: id, what it is sorted by, body, connection, observed (ms), native, and what `extras` adds. */
export type PageRow = readonly [
  id: string,
  sort: string,
  body: string,
  connection: string,
  observedMs: number,
  native: string | null,
  ...extras: unknown[],
];

/** Times as milliseconds since the epoch; -infinity comes out as -Infinity. */
const milliseconds = (column: string) => `round(date_part('epoch', ${column}) * 1000)`;

/** What the answer tells of other rows: computed for the rows of the page only, in the same statement. */
const extras: Record<Kind, { select: string; join: string }> = {
  project: {
    select: `, (SELECT c.n FROM resource_count c WHERE c.kind = 'deployment' AND c.facet = 'parent'
      AND c.value = r.id AND c.connection = r.connection), l.id, l.status, ${milliseconds('l.created_at')}`,
    join: newestChild('deployment'),
  },
  deployment: {
    select: `, r.latest::text, l.id, l.status, ${milliseconds('l.created_at')}`,
    join: newestChild('release'),
  },
  release: { select: '', join: '' },
  cluster: { select: '', join: '' },
  cluster_group: { select: '', join: '' },
};

function newestChild(kind: Kind): string {
  return `LEFT JOIN LATERAL (SELECT id, status, created_at FROM resource
    WHERE parent_id = r.id AND kind = '${kind}' AND gone_at IS NULL ORDER BY created_at DESC, id DESC LIMIT 1) l ON true`;
}

const columnsOf = (native: boolean) =>
  `r.body::text, r.connection, ${milliseconds('r.observed_at')}, ${native ? 'r.native::text' : 'NULL'}`;

export interface Slice {
  /** rows that are left out before the page; undefined: after the query's position */
  readonly offset: number | undefined;
  readonly limit: number;
  /** from the end of the list backwards: `offset` rows are left out there, and the rows come in the opposite order */
  readonly backwards: boolean;
}

/** The statement that reads one page. */
export function pageStatement(query: ListQuery, plan: Plan, slice: Slice): Statement {
  const parameters = new Parameters();
  const column = sortColumns[query.sort.field];
  const descending = query.sort.descending !== slice.backwards;
  const order = descending ? 'DESC' : 'ASC';
  const ordered = (prefix: string, name = column) => `${prefix}${name} ${order}, ${prefix}id ${order}`;
  const conditions = conditionsOf(query, plan, parameters);
  if ('after' in query.from && slice.offset === undefined) {
    const [value, id] = boundPosition(query.from.after, query.sort.field);
    const type = query.sort.field === 'name' ? 'text' : 'timestamptz';
    const operator = descending ? '<' : '>';
    conditions.push(
      `(${column}, id) ${operator} (${parameters.add(value)}::${type}, ${parameters.add(id)}::text)`,
    );
  }
  const skip = slice.offset ? ` OFFSET ${parameters.add(slice.offset)}` : '';
  const found = `SELECT id, ${column} AS sort FROM resource WHERE ${conditions.join(' AND ')}`;
  const cut = `LIMIT ${mostRows}${skip}`;
  let ids: string;
  if (plan.how === 'gather' && plan.by === 'connections') {
    const scoped = scopedBy(parameters.add(query.connections), found);
    ids = `WITH found AS MATERIALIZED (${scoped}) SELECT id, sort FROM found ORDER BY ${ordered('', 'sort')} ${cut}`;
  } else if (plan.how === 'gather') {
    ids = `WITH found AS MATERIALIZED (${found}) SELECT id, sort FROM found ORDER BY ${ordered('', 'sort')} ${cut}`;
  } else if (plan.along === 'connections') {
    const slugs = parameters.add(query.connections);
    // Each connection's own index gives as many as could be needed of it; the merge then takes the first of them all. The
    // order names the whole index, so that no other, which is in the same order but for all connections, is taken.
    const depth = slice.offset
      ? `LIMIT ${mostRows} + ${parameters.add(slice.offset)}::int`
      : `LIMIT ${mostRows}`;
    ids = `SELECT m.id, m.sort FROM unnest(${slugs}::text[]) AS scope(slug) CROSS JOIN LATERAL
      (${found} AND connection = scope.slug ORDER BY connection ${order}, kind ${order}, ${ordered('')} ${depth}) m ORDER BY ${ordered('m.', 'sort')} ${cut}`;
  } else {
    ids = `${found} ORDER BY ${ordered('')} ${cut}`;
  }
  const { select, join } = extras[query.kind];
  const text = `SELECT p.id, ${sortText(query)}, ${columnsOf(query.native)}${select}
    FROM (SELECT id, sort FROM (${ids}) s LIMIT ${parameters.add(slice.limit)}) p JOIN resource r ON r.id = p.id ${join}
    ORDER BY ${ordered('p.', 'sort')}`;
  return statement(text, parameters, filtersOf(query));
}

/**
 * Rows of each of some connections. OFFSET 0 keeps the planner from making a join of it, which it would rather do by reading
 * the rows of every connection, not knowing how few are asked for.
 */
const scopedBy = (slugs: string, select: string) =>
  `SELECT s.* FROM unnest(${slugs}::text[]) AS scope(slug) CROSS JOIN LATERAL (${select} AND connection = scope.slug OFFSET 0) s`;

const sortText = (query: ListQuery) => (query.sort.field === 'name' ? 'p.sort' : milliseconds('p.sort'));

/** How many rows there are, found by one filter (or the scope) and narrowed by the others; `most` bounds the counting. */
export function countStatement(query: ListQuery, by: Filter | 'scope', most?: number): Statement {
  const parameters = new Parameters();
  const plan: Plan =
    by === 'scope'
      ? { how: 'walk', along: query.connections ? 'connections' : 'kind' }
      : { how: 'gather', by };
  const found = `SELECT 1 FROM resource WHERE ${conditionsOf(query, plan, parameters).join(' AND ')}`;
  const scoped =
    by === 'scope' && query.connections ? scopedBy(parameters.add(query.connections), found) : found;
  const text = `SELECT count(*) FROM (${scoped}${most === undefined ? '' : ` LIMIT ${most}`}) s`;
  return statement(text, parameters, filtersOf(query));
}

/** One resource by its id; its hash in the place of what it is sorted by. */
export function oneStatement(kind: Kind, id: string, native: boolean): Statement {
  const { select, join } = extras[kind];
  return {
    name: `one-${kind}-${native}`,
    text: `SELECT r.id, r.hash::text, ${columnsOf(native)}${select} FROM resource r ${join}
      WHERE r.id = $1 AND r.gone_at IS NULL`,
    values: [id],
  };
}

/**
 * The conditions of a query. Only those of the plan's own index are written so that an index can serve them; the others are
 * put as tests of a row, or the planner, which does not know the values, might take another way than the plan.
 */
function conditionsOf(query: ListQuery, plan: Plan, parameters: Parameters): string[] {
  const conditions = [`kind = '${query.kind}'`, 'gone_at IS NULL'];
  const driver = plan.how === 'walk' ? plan.along : plan.by;
  for (const filter of filtersOf(query)) {
    const condition = filter.condition.replace('?', parameters.add(filter.bound));
    const seeks =
      typeof driver === 'object' ? filter.facet === driver.facet && filter.value === driver.value : false;
    const starts = filter.facet === 'since' && query.sort.field === 'updated_at' && plan.how === 'walk';
    const sought = seeks && filter.seek !== undefined;
    if (sought) conditions.push(filter.condition.replace('?', parameters.add(filter.seek)));
    conditions.push((seeks && !sought) || starts ? condition : `(${condition}) IS TRUE`);
  }
  if (query.connections && driver !== 'connections') {
    conditions.push(`(connection = ANY(${parameters.add(query.connections)})) IS TRUE`);
  }
  return conditions;
}

const names = new Map<string, string>();

function statement(text: string, { values }: Parameters, filters: readonly Filter[]): Statement {
  if (filters.length > mostFiltersOfNamed) return { text, values };
  let name = names.get(text);
  if (name === undefined) {
    name = `list-${digest('sha1', text, 'hex')}`;
    names.set(text, name);
  }
  return { name, text, values };
}
