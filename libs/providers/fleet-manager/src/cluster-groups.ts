import type { ClusterGroupRecord } from '@fleetgate/model';
import { type Http, instant, native, partsOf } from '@fleetgate/provider-kit';
import type { Facet } from '@fleetgate/provider-spec';
import { findIn, listed } from './lists.ts';
import { WireClusterGroup } from './wire.ts';

export function clusterGroups(http: Http): Facet<ClusterGroupRecord> {
  const list = listed(http, ['cluster-groups'], WireClusterGroup, clusterGroupOf);
  return {
    list,
    /** No known call reads one group: the list is walked until it shows up. */
    async get({ key }, call) {
      const [id] = partsOf(key, 1);
      return findIn(list, (group) => group.key[0] === id, call);
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
