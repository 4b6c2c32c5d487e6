import type { FastifyRequest } from 'fastify';
import { type PageRead, type Rows, readPage } from '../core/pages.ts';
import type { PaletteErrors } from './errors.ts';

/** Documented: at most, and when not asked for otherwise. */
const mostPerPage = 50;

export interface ListMeta {
  /** base64 of {"offset","count","token":""}, as the documentation's example shows; '' at the end. */
  continue: string;
  /** How many there are in all. */
  count: number;
  /** How many this page holds. */
  limit: number;
  /** Where the next page starts. */
  offset: number;
}

/** The first value of a query parameter. */
export function queryText(request: FastifyRequest, name: string): string | undefined {
  const value = (request.query as Record<string, unknown>)[name];
  const first: unknown = Array.isArray(value) ? value[0] : value;
  return typeof first === 'string' ? first : undefined;
}

/**
 * One page as `limit`, `offset` and `continue` of the QUERY ask for it (a `continue` in the body is ignored, as upstream does).
 * `continue` wins over `offset`. A limit above 50, or what is no number or no token of ours, is a 400.
 */
export function pageOf<T>(
  request: FastifyRequest,
  rows: Rows<T>,
  errors: PaletteErrors,
): { items: T[]; listmeta: ListMeta } {
  const limit = wholeNumber(queryText(request, 'limit'), mostPerPage, 'limit', errors) || mostPerPage;
  if (limit > mostPerPage) {
    throw errors.fail(400, undefined, `limit in query should be less than or equal to ${mostPerPage}`);
  }
  const token = queryText(request, 'continue') ?? '';
  const offset =
    token === '' ? wholeNumber(queryText(request, 'offset'), 0, 'offset', errors) : offsetOf(token, errors);
  const page = readPage(request, rows, offset, limit);
  return { items: page.rows, listmeta: listMeta(page) };
}

function listMeta(page: PageRead<unknown>): ListMeta {
  const { nextOffset, total, rows, offset } = page;
  return {
    continue:
      nextOffset === null
        ? ''
        : Buffer.from(JSON.stringify({ offset: nextOffset, count: total, token: '' })).toString('base64'),
    count: total,
    limit: rows.length,
    offset: nextOffset ?? offset + rows.length,
  };
}

function wholeNumber(
  text: string | undefined,
  otherwise: number,
  name: string,
  errors: PaletteErrors,
): number {
  if (text === undefined || text === '') return otherwise;
  if (!/^\d{1,9}$/.test(text))
    throw errors.fail(400, undefined, `${name} in query must be of type int64: "${text}"`);
  return Number(text);
}

function offsetOf(token: string, errors: PaletteErrors): number {
  const found = /^\{"offset":(\d{1,9}),"count":\d+,"token":""\}$/.exec(
    Buffer.from(token, 'base64').toString(),
  );
  if (found?.[1] === undefined) throw errors.fail(400, undefined, 'continue token is invalid');
  return Number(found[1]);
}

/** Several lists, one after the other. */
export function joinRows<T>(parts: readonly Rows<T>[]): Rows<T> {
  return {
    size: parts.reduce((sum, rows) => sum + rows.size, 0),
    slice: (start, count) => {
      const found: T[] = [];
      let from = start;
      for (const rows of parts) {
        if (found.length >= count) break;
        if (from < rows.size) found.push(...rows.slice(from, count - found.length));
        from = Math.max(0, from - rows.size);
      }
      return found;
    },
  };
}

/** The objects behind some indexes, built only when shown. */
export function builtRows<T>(indexes: readonly number[], build: (index: number) => T | undefined): Rows<T> {
  return {
    size: indexes.length,
    slice: (start, count) =>
      indexes.slice(start, start + count).flatMap((index) => {
        const built = build(index);
        return built === undefined ? [] : [built];
      }),
  };
}

/** The same list in another form. */
export function mappedRows<T, R>(rows: Rows<T>, map: (row: T) => R): Rows<R> {
  return { size: rows.size, slice: (start, count) => rows.slice(start, count).map(map) };
}
