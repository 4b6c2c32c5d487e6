import { type Http, offsetList } from '@fleetgate/provider-kit';
import type { Facet } from '@fleetgate/provider-spec';
import type { z } from 'zod';
import { pageOf } from './wire.ts';

const pageSize = { default: 100, max: 100 };

/**
 * A list by numbered pages. The walk counts rows, not pages, so that it goes on rightly when a caller asks for another page
 * size on the way: the page that holds the next row is read, and its rows before that one are left out.
 */
export function listed<W extends z.ZodType, R>(
  http: Http,
  path: readonly string[],
  item: W,
  record: (wire: z.output<W>) => R,
): Facet<R>['list'] {
  return offsetList<R>({
    scheme: `app-platform ${path.join('/')}`,
    pageSize,
    async fetch({ offset, limit }, call) {
      const page = Math.floor(offset / limit) + 1;
      const { data, pagination } = await http.request(
        { path, query: { page, limit }, answer: pageOf(item) },
        call,
      );
      const rows = data.slice(offset % limit).map((wire) => record(wire as z.output<W>));
      return { items: rows, total: pagination.total };
    },
  });
}
