import type { Http } from '@fleetgate/provider-kit';
import type { Call, ListInput, Page } from '@fleetgate/provider-spec';
import { continueList } from './paging.ts';
import { ItemsPage, type Whole } from './wire.ts';

/** Projects as the upstream has them; the tenant's scope is the only one that they are listed in. */
export function projectPages(
  http: Http,
  scheme: string,
  name?: string,
): (input: ListInput, call: Call) => Promise<Page<Whole>> {
  const filter = name === undefined ? {} : { filter: { name: { eq: name, ignoreCase: false } } };
  const pages = continueList<undefined, Whole>({
    scheme,
    pageSize: 50,
    fetch: (_scope, window, call) =>
      http.request(
        {
          method: 'POST',
          path: ['v1', 'dashboard', 'projects'],
          query: window,
          // Oldest first, so that a new project comes to stand behind those already seen.
          body: { ...filter, sort: [{ field: 'creationTimestamp', order: 'asc' }] },
          answer: ItemsPage,
          repeatable: true,
        },
        call,
      ),
  });
  return (input, call) => pages(undefined, input, call);
}
