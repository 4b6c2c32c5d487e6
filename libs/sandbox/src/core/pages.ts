import type { FastifyRequest } from 'fastify';
import type { Population } from './population.ts';

/** Anything that can be read by position: a Population, or an array behind `rowsOf`. */
export interface Rows<T> {
  readonly size: number;
  slice(start: number, count: number): T[];
}

export function rowsOf<T>(list: readonly T[]): Rows<T> {
  return { size: list.length, slice: (start, count) => list.slice(start, start + count) };
}

export interface PageRead<T> {
  rows: T[];
  /** As asked for. */
  offset: number;
  limit: number;
  /** How many there are, as the answer shall claim. */
  total: number;
  /** Where the next page starts; null: this is the last. A cursor is made of this and nothing else. */
  nextOffset: number | null;
}

export type PageFault = 'page_drift' | 'standing_cursor';

const faults = new WeakMap<object, PageFault>();

/** Said by the fault hook of a request that shall be answered with that paging fault. */
export function markPageFault(request: FastifyRequest, fault: PageFault): void {
  faults.set(request.raw, fault);
}

/**
 * One page of a list, offset from 0. Every paged list of every emulator goes through here, because two faults act here:
 * page_drift: an object of the first page is gone when the walk reaches the second, so all later pages have moved up by one and the
 * row at the edge is never shown; standing_cursor: the first page again and again, with the same next, and no end in sight.
 */
export function readPage<T>(
  request: FastifyRequest,
  rows: Rows<T>,
  offset: number,
  limit: number,
): PageRead<T> {
  const fault = faults.get(request.raw);
  if (fault === 'standing_cursor') {
    const total = Math.max(rows.size, offset + 2 * limit);
    return { rows: rows.slice(0, limit), offset, limit, total, nextOffset: limit };
  }
  const drift = fault === 'page_drift' && offset > 0 && rows.size > 0 ? 1 : 0;
  const total = rows.size - drift;
  const found = rows.slice(offset + drift, limit);
  const next = offset + found.length;
  return { rows: found, offset, limit, total, nextOffset: found.length > 0 && next < total ? next : null };
}

/**
 * One page of a list that is walked by what was seen last (`after`: an index; -1: from the start), as upstreams with page tokens do.
 * Nothing slips through such a walk, so page_drift has no hold on it; standing_cursor gives the first page with its own next for ever.
 */
export function readKeyedPage<T extends object>(
  request: FastifyRequest,
  population: Population<T>,
  after: number,
  limit: number,
): { rows: T[]; next: number | null } {
  const standing = faults.get(request.raw) === 'standing_cursor';
  const start = standing ? 0 : population.positionAfter(after);
  const last = population.indexes(start, limit).at(-1);
  const more = standing || start + limit < population.size;
  return { rows: population.slice(start, limit), next: more && last !== undefined ? last : null };
}
