import { Fault, type Kind } from '@fleetgate/model';
import { labelToken } from './labels.ts';
import { sortName } from './text.ts';

export interface ListQuery {
  readonly kind: Kind;
  /** slugs; absent: all */
  readonly connections?: readonly string[];
  readonly status?: string;
  readonly team?: string;
  /** id: project of deployments and clusters, deployment of releases */
  readonly parent?: string;
  /** id of the cluster (or group) that a deployment targets */
  readonly target?: string;
  readonly labels: readonly { readonly key: string; readonly value: string }[];
  /** part of the name, in any case */
  readonly q?: string;
  /** RFC 3339, UTC, milliseconds */
  readonly updatedSince?: string;
  readonly sort: { readonly field: SortField; readonly descending: boolean };
  readonly limit: number;
  readonly from: { readonly page: number } | { readonly after: Position };
  readonly native: boolean;
}

export type SortField = 'name' | 'created_at' | 'updated_at';

/** Where a walk stands: what the last row is sorted by, as text, and its id. */
export interface Position {
  readonly value: string;
  readonly id: string;
}

/** A filter that a list can have, and what it is called in the counters. */
export type Facet = 'status' | 'team' | 'parent' | 'target' | 'label' | 'since' | 'q';

export interface Filter {
  readonly facet: Facet;
  readonly value: string;
  /** the condition on the row, `?` standing for the value */
  readonly condition: string;
  /** the value as the condition takes it */
  readonly bound: unknown;
  /** what the index is asked for, where that is less than the condition, which is then tested as well */
  readonly seek?: unknown;
}

const conditions: Record<Facet, string> = {
  status: 'status = ?',
  team: 'team = ?',
  parent: 'parent_id = ?',
  target: 'target_id = ?',
  label: 'labels @> ?::text[]',
  since: 'updated_at >= ?::timestamptz',
  q: 'name_sort LIKE ?',
};

/** Every filter of a query, each as one condition; labels one by one. */
export function filtersOf(query: ListQuery): Filter[] {
  const filters: Filter[] = [];
  const add = (facet: Facet, value: string | undefined, bound: unknown = value) => {
    if (value !== undefined) filters.push({ facet, value, bound, condition: conditions[facet] });
  };
  add('status', query.status);
  add('team', query.team);
  add('parent', query.parent);
  add('target', query.target);
  const tokens = new Set(query.labels.map(({ key, value }) => labelToken(key, value)));
  for (const token of tokens) add('label', token, [token]);
  add('since', query.updatedSince);
  if (query.q) {
    const part = sortName(query.q);
    const word = rarestWord(part);
    filters.push({
      facet: 'q',
      value: part,
      condition: conditions.q,
      bound: pattern(part),
      ...(word === undefined ? {} : { seek: pattern(word) }),
    });
  }
  return filters;
}

const pattern = (part: string) => `%${part.replace(/[\\%_]/g, '\\$&')}%`;

/**
 * The trigram index reads the list of every trigram it is asked for, and names share long ones ("edge-store-0042"): where a
 * search has several words, the one with digits in it, which is mostly the rare one, is all that the index is asked for.
 */
function rarestWord(part: string): string | undefined {
  const words = part.match(/(?:^|[^a-z0-9])[a-z0-9]+/g) ?? [];
  if (words.length < 2) return undefined;
  return words.filter((word) => /\d/.test(word) && word.length > 4).sort((a, b) => b.length - a.length)[0];
}

export const sortColumns: Record<SortField, string> = {
  name: 'name_sort',
  created_at: 'created_at',
  updated_at: 'updated_at',
};

/** The database has no NUL, so nothing in it is equal to a text that holds one. */
export function canMatch(query: ListQuery): boolean {
  const texts = [query.status, query.team, query.parent, query.target, ...(query.connections ?? [])];
  return !texts.some((text) => text?.includes('\0')) && !(query.q?.includes('\0') ?? false);
}

/** The position as the database compares it. Rejects with `invalid`, field `cursor`, what no list of that sort gives. */
export function boundPosition({ value, id }: Position, field: SortField): [string, string] {
  const fits =
    field === 'name' ? !value.includes('\0') : value === '-infinity' || !Number.isNaN(Date.parse(value));
  if (!fits || id.includes('\0') || value.length > 1000) {
    throw new Fault('invalid', 'the cursor is not one of this list', { field: 'cursor' });
  }
  if (field === 'name' || value === '-infinity') return [value, id];
  return [new Date(Date.parse(value)).toISOString(), id];
}
