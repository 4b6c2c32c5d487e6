import { cursorCodec } from '@fleetgate/provider-kit';
import type { Call, ListInput, Page } from '@fleetgate/provider-spec';
import { z } from 'zod';

export interface ContinueList<Scope, T> {
  scheme: string;
  /** at most 50, Palette's own bound */
  pageSize: number;
  fetch: (
    scope: Scope,
    window: { limit: number; continue?: string },
    call: Call,
  ) => Promise<{
    items: readonly T[];
    listmeta: { continue?: string | null | undefined; count?: number | null | undefined };
  }>;
}

/**
 * A list by `continue`, which is empty on the last page and on no other. The token is no snapshot but an offset in disguise:
 * when the total changes on the way, a row may have slipped over the edge of a page, and the pages from there on say `shifted`.
 */
export function continueList<Scope, T>(
  list: ContinueList<Scope, T>,
): (scope: Scope, input: ListInput, call: Call) => Promise<Page<T>> {
  const codec = cursorCodec(
    list.scheme,
    z.strictObject({ next: z.string().min(1), total: z.number().nullable(), shifted: z.boolean() }),
  );
  return async (scope, input, call) => {
    const from = input.cursor === undefined ? undefined : codec.decode(input.cursor);
    const limit = Math.max(1, Math.min(input.limit ?? list.pageSize, list.pageSize));
    const window = { limit, ...(from === undefined ? {} : { continue: from.next }) };
    const { items, listmeta } = await list.fetch(scope, window, call);
    const total = listmeta.count ?? null;
    const shifted = from !== undefined && (from.shifted || from.total !== total);
    const next = listmeta.continue;
    return {
      items,
      ...(next ? { next: codec.encode({ next, total, shifted }) } : {}),
      ...(shifted ? { shifted: true as const } : {}),
    };
  };
}

/** pages that are walked for one name, which few objects can have: more would be an upstream that ignores the filter */
const mostPages = 20;

/** All items of a short list. */
export async function walked<T>(
  pages: (input: ListInput, call: Call) => Promise<Page<T>>,
  call: Call,
): Promise<T[]> {
  const items: T[] = [];
  for (let cursor: string | undefined, count = 0; count < mostPages; count++) {
    const page: Page<T> = await pages(cursor === undefined ? {} : { cursor }, call);
    items.push(...page.items);
    if (page.next === undefined) break;
    cursor = page.next;
  }
  return items;
}
