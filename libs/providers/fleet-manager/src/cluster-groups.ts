import { type ClusterGroupRecord, Fault } from '@fleetgate/model';
import { type Http, instant, native, partsOf } from '@fleetgate/provider-kit';
import type { Facet } from '@fleetgate/provider-spec';
import { listed } from './lists.ts';
import { WireClusterGroup } from './wire.ts';

export function clusterGroups(http: Http): Facet<ClusterGroupRecord> {
  const list = listed(http, ['cluster-groups'], WireClusterGroup, clusterGroupOf);
  return {
    list,
    /** No known call reads one group: the list is walked until it shows up. */
    async get({ key }, call) {
      const [id] = partsOf(key, 1);
      let cursor: string | undefined;
      do {
        const page = await list(cursor === undefined ? {} : { cursor }, call);
        const found = page.items.find((group) => group.key[0] === id);
        if (found) return found;
        cursor = page.next;
      } while (cursor !== undefined);
      throw new Fault('not_found', 'the upstream lists no such cluster group');
    },
  };
}

export function clusterGroupOf(wire: WireClusterGroup): ClusterGroupRecord {
  return {
    key: [wire.id],
    name: wire.name,
    labels: {},
    native_status: null,
    created_at: instant(wire.createdAt),
    updated_at: instant(wire.updatedAt),
    description: wire.description ?? null,
    cluster_keys: null,
    native: native(wire),
  };
}
