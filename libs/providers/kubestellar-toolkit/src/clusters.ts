import { type ClusterRecord, Fault } from '@fleetgate/model';
import { type Http, partsOf, wholeList } from '@fleetgate/provider-kit';
import type { Facet } from '@fleetgate/provider-spec';
import { clusterNameOf, listObjects } from './deployments.ts';
import type { WireDeploymentStatus } from './wire.ts';

/** The clusters that the upstream's objects name; it tells nothing of them but that. */
export function clusters(http: Http): Facet<ClusterRecord> {
  return {
    list: wholeList(async (call) => clusterNames(await listObjects(http, call)).map(clusterOf)),
    async get({ key }, call) {
      const [name] = partsOf(key, 1);
      if (!clusterNames(await listObjects(http, call)).includes(name)) {
        throw new Fault('not_found', 'no object of the upstream names this cluster');
      }
      return clusterOf(name);
    },
  };
}

function clusterNames(wires: readonly WireDeploymentStatus[]): string[] {
  return [...new Set(wires.map(clusterNameOf).filter((name) => name !== null))].sort();
}

export function clusterOf(name: string): ClusterRecord {
  return {
    key: [name],
    name,
    labels: {},
    native_status: null,
    created_at: null,
    updated_at: null,
    status: 'unknown',
    kind: null,
    version: null,
    location: null,
    node_count: null,
    capacity: null,
    usage: null,
    last_seen_at: null,
    project_key: null,
    native: { name },
  };
}
