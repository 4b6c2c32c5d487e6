import { Fault } from '@fleetgate/model';
import { cursorCodec } from '@fleetgate/provider-kit';
import type { Call, ListInput, Page } from '@fleetgate/provider-spec';
import { z } from 'zod';
import type { ElementsPage, Whole } from './wire.ts';

export interface NumberedList {
  scheme: string;
  /** rows asked for when the caller names no limit, and the most that are asked for */
  pageSize: { default: number; max: number };
}

export type FetchPage = (page: number, size: number, call: Call) => Promise<ElementsPage>;

/** Reads the first page of a list, whichever number it has. */
export type FirstPage = (
  fetch: FetchPage,
  size: number,
  call: Call,
) => Promise<ElementsPage & { page: number }>;

/**
 * A list by page and size with a total. Where the numbers begin is not documented and is found out on the way; the end is
 * where the total is collected or a page is empty, never a short page: the upstream may give less than was asked for. When the
 * total changes on the way, rows may have moved over the page's edge: the pages from there on say `shifted`.
 */
export function numberedList(
  { scheme, pageSize }: NumberedList,
  firstPage: FirstPage,
): (fetch: FetchPage, input: ListInput, call: Call) => Promise<Page<Whole>> {
  const codec = cursorCodec(
    scheme,
    z.strictObject({
      page: z.int().positive(),
      size: z.int().positive(),
      collected: z.int().nonnegative(),
      total: z.int().nonnegative(),
      /** the outermost uuids of the page before */
      seen: z.string(),
      shifted: z.boolean(),
    }),
  );
  return async (fetch, input, call) => {
    const from = input.cursor === undefined ? undefined : codec.decode(input.cursor);
    // One size from the first page to the last: under another size, the number of a page means another place.
    const size = from?.size ?? Math.max(1, Math.min(input.limit ?? pageSize.default, pageSize.max));
    const { page, elements, total } = from
      ? { page: from.page, ...(await fetch(from.page, size, call)) }
      : await firstPage(fetch, size, call);
    const seen = `${elements.length} ${elements[0]?.uuid} ${elements.at(-1)?.uuid}`;
    // Page numbers always move on, so an upstream that stands still shows in its rows only. By ones, a row that was pushed
    // on to the next page by a new one looks the same; then the total has changed.
    if (elements.length > 0 && from?.seen === seen && (size > 1 || from.total === total)) {
      throw new Fault('unexpected', 'the upstream repeats a page that it already gave');
    }
    const collected = (from?.collected ?? 0) + elements.length;
    const isFinished = elements.length === 0 || collected >= total;
    const isShifted =
      (from !== undefined && (from.shifted || from.total !== total)) ||
      (elements.length === 0 && collected < total);
    return {
      items: elements,
      ...(isFinished
        ? {}
        : { next: codec.encode({ page: page + 1, size, collected, total, seen, shifted: isShifted }) }),
      ...(isShifted ? { shifted: true as const } : {}),
    };
  };
}

/** how often the two pages are compared anew when the list changes between them */
const comparisons = 3;

/**
 * Finds out, once for an upstream, whether its pages begin with 0 or 1. Page 1 settles a list alone when it is all there is.
 * Otherwise page 0 is looked at: refused, empty, or holding what page 1 holds, it is none of its own.
 */
export function firstPageFinder(): FirstPage {
  let base: 0 | 1 | undefined;
  return async (fetch, size, call) => {
    if (base !== undefined) return { page: base, ...(await fetch(base, size, call)) };
    for (let count = 1; ; count++) {
      const one = await fetch(1, size, call);
      if (one.elements.length >= one.total) return { page: 1, ...one };
      const zero = await pageOrNone(fetch, size, call);
      if (zero && zero.total !== one.total && count < comparisons) continue;
      const seen = new Set(one.elements.map(({ uuid }) => uuid));
      base = !zero || zero.elements.length === 0 || zero.elements.some(({ uuid }) => seen.has(uuid)) ? 1 : 0;
      return zero && base === 0 ? { page: 0, ...zero } : { page: 1, ...one };
    }
  };
}

/** Page 0, or undefined where the upstream will not have one: it may call it a bad request, or fall over the negative offset. */
async function pageOrNone(fetch: FetchPage, size: number, call: Call): Promise<ElementsPage | undefined> {
  try {
    return await fetch(0, size, call);
  } catch (error) {
    const isRefused = error instanceof Fault && [400, 404, 422, 500].includes(error.upstream?.status ?? 0);
    if (isRefused) return undefined; // a first page lost to a passing failure shows at the end: collected below total
    throw error;
  }
}
