import { isFault, type Key } from '@fleetgate/model';
import type { Http } from '@fleetgate/provider-kit';
import type { Call, ListInput, Page } from '@fleetgate/provider-spec';
import { continueList } from './paging.ts';
import { isOwn, projectOf, scopeHeaders, tenant } from './scopes.ts';
import { Cluster, ItemsPage, Whole } from './wire.ts';

/** A search of the clusters in one scope; in the tenant's it may show those of projects too. */
export function clusterPages(
  http: Http,
  { scheme, pageSize, filter }: { scheme: string; pageSize: number; filter: object },
): (scope: string, input: ListInput, call: Call) => Promise<Page<Whole>> {
  return continueList<string, Whole>({
    scheme,
    pageSize,
    fetch: (scope, window, call) =>
      http.request(
        {
          method: 'POST',
          path: ['v1', 'dashboard', 'spectroclusters', 'search'],
          query: window,
          body: {
            filter: { conjunction: 'and', filterGroups: [{ conjunction: 'and', filters: [filter] }] },
            // Oldest first, so that a new one comes to stand behind those already seen.
            sort: [{ field: 'creationTimestamp', order: 'asc' }],
          },
          headers: scopeHeaders(scope),
          answer: ItemsPage,
          repeatable: true,
        },
        call,
      ),
  });
}

/** One cluster by the only answer that tells its version, and its health in full. */
export function overview(http: Http, scope: string, uid: string, call: Call): Promise<Whole> {
  const path = ['v1', 'dashboard', 'spectroclusters', uid];
  return http.request({ path, headers: scopeHeaders(scope), answer: Whole }, call);
}

/** The key of a cluster that something in `scope` names by its uid, wherever it belongs; undefined when it is gone. */
export async function clusterKey(
  http: Http,
  scope: string,
  uid: string,
  call: Call,
): Promise<Key | undefined> {
  try {
    const { isDeleted, ...belonging } = readPlace(await overview(http, scope, uid, call));
    if (isDeleted) return undefined;
    return [scope === tenant ? (projectOf(belonging) ?? tenant) : scope, uid];
  } catch (error) {
    if (isFault(error, 'not_found')) return undefined; // as the documentation of this function says
    throw error;
  }
}

export function isPresent(scope: string, whole: Whole): boolean {
  const place = readPlace(whole);
  return !place.isDeleted && isOwn(scope, place);
}

export function readPlace(whole: Whole) {
  const { metadata, specSummary, spec, status } = Cluster.parse(whole);
  return {
    isDeleted: status?.state === 'Deleted',
    annotations: metadata.annotations,
    projectUid: (specSummary?.projectMeta ?? spec?.projectMeta)?.uid,
  };
}
