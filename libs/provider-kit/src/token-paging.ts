import type { Call, ListInput, Page } from '@fleetgate/provider-spec';
import { z } from 'zod';
import { cursorCodec } from './paging.ts';

export interface TokenList<T> {
  scheme: string;
  /** rows asked for when the caller names no limit, and the most the upstream gives */
  pageSize: { default: number; max: number };
  fetch: (window: { token?: string; limit: number }, call: Call) => Promise<TokenPage<T>>;
}

export interface TokenPage<T> {
  items: readonly T[];
  /** the upstream's token of the next page; absent, null or empty: this is the last one */
  next?: string | null | undefined;
}

/**
 * A list by tokens that the upstream makes: the end is where there is none, never a short or empty page. It takes the upstream at its
 * word that a token stays where it is while objects come and go; for one whose token is an offset in disguise, see `offsetList`.
 */
export function tokenList<T>(list: TokenList<T>): (input: ListInput, call: Call) => Promise<Page<T>> {
  const codec = cursorCodec(list.scheme, z.strictObject({ token: z.string().min(1) }));
  return async (input, call) => {
    const from = input.cursor === undefined ? {} : codec.decode(input.cursor);
    const limit = Math.min(input.limit ?? list.pageSize.default, list.pageSize.max);
    const { items, next } = await list.fetch({ ...from, limit }, call);
    return { items, ...(next ? { next: codec.encode({ token: next }) } : {}) };
  };
}
