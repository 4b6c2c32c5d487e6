import { Fault } from '@fleetgate/model';
import { type Http, offsetList } from '@fleetgate/provider-kit';
import type { Call, Facet } from '@fleetgate/provider-spec';
import type { z } from 'zod';
import { pageOf } from './wire.ts';

const pageSize = { default: 200, max: 200 };

/** A list by offset and limit. Some unpublished lists come without `meta`; these are whole. */
export function listed<W extends z.ZodType, R>(
  http: Http,
  path: readonly string[],
  item: W,
  record: (wire: z.output<W>) => R | undefined,
): Facet<R>['list'] {
  return offsetList<R>({
    scheme: `fleet-manager ${path.join('/')}`,
    pageSize,
    async fetch({ offset, limit }, call) {
      const { items, meta } = await http.request(
        { path, query: { offset, limit }, answer: pageOf(item) },
        call,
      );
      const rows = items.map((wire) => record(wire as z.output<W>));
      return {
        items: rows.filter((row) => row !== undefined),
        received: items.length,
        total: meta?.total ?? offset + items.length,
      };
    },
  });
}

/** What no call reads by itself: its list is walked until it shows up. */
export async function findIn<R>(
  list: Facet<R>['list'],
  fits: (record: R) => boolean,
  call: Call,
): Promise<R> {
  let cursor: string | undefined;
  do {
    const page = await list(cursor === undefined ? {} : { cursor }, call);
    const found = page.items.find(fits);
    if (found) return found;
    cursor = page.next;
  } while (cursor !== undefined);
  throw new Fault('not_found', 'the upstream lists no such object');
}
