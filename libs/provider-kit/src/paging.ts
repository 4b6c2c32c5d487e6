import { Fault } from '@fleetgate/model';
import type { Call, ListInput, Page } from '@fleetgate/provider-spec';
import { z } from 'zod';

export interface CursorCodec<T> {
  encode(state: T): string;
  /** Rejects with `invalid`, field `cursor`, whatever this codec did not make. */
  decode(cursor: string): T;
}

/** Cursors of one list: `scheme` names provider and list, so that a cursor of another is refused. */
export function cursorCodec<Schema extends z.ZodType>(
  scheme: string,
  state: Schema,
): CursorCodec<z.output<Schema>> {
  return {
    encode: (value) => Buffer.from(JSON.stringify([scheme, value])).toString('base64url'),
    decode(cursor) {
      const parsed = z.tuple([z.literal(scheme), state]).safeParse(decodeJson(cursor));
      if (!parsed.success) {
        throw new Fault('invalid', 'this cursor was not made by this list', { field: 'cursor' });
      }
      return parsed.data[1] as z.output<Schema>;
    },
  };
}

function decodeJson(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined; // the schema refuses it, with the same words as for any other foreign cursor
  }
}

export interface OffsetList<T> {
  scheme: string;
  /** rows asked for when the caller names no limit, and the most the upstream gives */
  pageSize: { default: number; max: number };
  fetch: (window: { offset: number; limit: number }, call: Call) => Promise<OffsetPage<T>>;
}

export interface OffsetPage<T> {
  items: readonly T[];
  /** how many rows the upstream sent, where some of them are not among `items` */
  received?: number;
  total: number;
}

/**
 * A list by offset and limit with a total. The end is where the total is reached or a page is empty, never a short page. When
 * the total changes on the way, rows may have moved over the page's edge: the pages from there on say `shifted`.
 */
export function offsetList<T>(list: OffsetList<T>): (input: ListInput, call: Call) => Promise<Page<T>> {
  const codec = cursorCodec(
    list.scheme,
    z.strictObject({
      offset: z.int().nonnegative(),
      total: z.int().nonnegative(),
      shifted: z.boolean(),
    }),
  );
  return async (input, call) => {
    const from = input.cursor === undefined ? undefined : codec.decode(input.cursor);
    const limit = Math.min(input.limit ?? list.pageSize.default, list.pageSize.max);
    const offset = from?.offset ?? 0;
    const { items, total, received = items.length } = await list.fetch({ offset, limit }, call);
    const end = offset + received;
    const finished = received === 0 || end >= total;
    const shifted =
      from?.shifted || (from !== undefined && from.total !== total) || (received === 0 && offset < total);
    return {
      items,
      ...(finished ? {} : { next: codec.encode({ offset: end, total, shifted: Boolean(shifted) }) }),
      ...(shifted ? { shifted: true as const } : {}),
    };
  };
}

export interface NestedList<Scope, T> {
  scheme: string;
  /** what an outer item must keep to find its inner list again: small, it travels in the cursor */
  scope: z.ZodType<Scope>;
  outer: (input: ListInput, call: Call) => Promise<Page<Scope>>;
  inner: (scope: Scope, input: ListInput, call: Call) => Promise<Page<T>>;
}

/** How many empty inner lists one page may pass over before it is given back empty, with `next`. */
const emptyScopesPerPage = 20;

/** A list that an upstream only offers inside another (clusters per zone, deployments per project), walked as one. */
export function nestedList<Scope, T>(
  list: NestedList<Scope, T>,
): (input: ListInput, call: Call) => Promise<Page<T>> {
  const codec = cursorCodec(
    list.scheme,
    z.strictObject({
      scopes: z.array(list.scope),
      inner: z.string().optional(),
      outer: z.string().optional(),
      shifted: z.boolean(),
    }),
  );
  type State = { scopes: Scope[]; inner?: string | undefined; outer?: string | undefined; shifted: boolean };

  return async (input, call) => {
    let state: State | undefined =
      input.cursor === undefined ? undefined : (codec.decode(input.cursor) as State);
    for (let passed = 0; ; passed++) {
      if (state === undefined || (state.scopes.length === 0 && state.outer !== undefined)) {
        const cursor: string | undefined = state?.outer;
        const page = await list.outer(cursor === undefined ? {} : { cursor }, call);
        state = {
          scopes: [...page.items],
          ...(page.next === undefined ? {} : { outer: page.next }),
          shifted: Boolean(state?.shifted || page.shifted),
        };
      }
      const [scope, ...others] = state.scopes;
      let items: readonly T[] = [];
      if (scope !== undefined) {
        const page: Page<T> = await list.inner(
          scope,
          {
            ...(state.inner === undefined ? {} : { cursor: state.inner }),
            ...(input.limit === undefined ? {} : { limit: input.limit }),
          },
          call,
        );
        items = page.items;
        const shifted: boolean = Boolean(state.shifted || page.shifted);
        state =
          page.next === undefined
            ? { scopes: others, outer: state.outer, shifted }
            : { scopes: state.scopes, inner: page.next, outer: state.outer, shifted };
      }
      const finished = state.scopes.length === 0 && state.outer === undefined;
      if (items.length > 0 || finished || passed >= emptyScopesPerPage) {
        return {
          items,
          ...(finished ? {} : { next: codec.encode(state as z.output<z.ZodType<State>>) }),
          ...(state.shifted ? { shifted: true as const } : {}),
        };
      }
    }
  };
}

/** A list that the upstream gives whole: one page, and no cursor is one of its own. */
export function wholeList<T>(
  fetch: (call: Call) => Promise<readonly T[]>,
): (input: ListInput, call: Call) => Promise<Page<T>> {
  return async (input, call) => {
    if (input.cursor !== undefined) {
      throw new Fault('invalid', 'this list has one page only', { field: 'cursor' });
    }
    return { items: await fetch(call) };
  };
}

/** how often a walk is begun again because rows may have slipped through it */
const mostWalks = 3;

/**
 * Every item of a list for which `fits` holds, for whoever must not miss one. A walk that owns up to a row it may have missed is
 * begun again, three times in all; then it is `unavailable`.
 */
export async function everyItem<T>(
  list: (input: ListInput, call: Call) => Promise<Page<T>>,
  fits: (item: T) => boolean,
  call: Call,
): Promise<T[]> {
  for (let walks = 0; walks < mostWalks; walks += 1) {
    const found: T[] = [];
    let cursor: string | undefined;
    let shifted = false;
    do {
      const page = await list(cursor === undefined ? {} : { cursor }, call);
      found.push(...page.items.filter(fits));
      shifted ||= page.shifted === true;
      cursor = page.next;
    } while (cursor !== undefined);
    if (!shifted) return found;
  }
  throw new Fault('unavailable', 'the list of the upstream changed under every walk through it');
}
