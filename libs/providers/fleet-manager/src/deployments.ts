import type { DeploymentRecord } from '@fleetgate/model';
import { type Http, instant, native, partsOf } from '@fleetgate/provider-kit';
import type { Facet } from '@fleetgate/provider-spec';
import { listed } from './lists.ts';
import { rolloutStatus } from './statuses.ts';
import { WireDeployment } from './wire.ts';

/** A deployment binds an application to a cluster group; its executions are releases. */
export function deployments(http: Http): Facet<DeploymentRecord> {
  return {
    list: listed(http, ['deployments'], WireDeployment, deploymentOf),
    get: async ({ key }, call) =>
      deploymentOf(
        await http.request({ path: ['deployments', ...partsOf(key, 1)], answer: WireDeployment }, call),
      ),
  };
}

export function deploymentOf(wire: WireDeployment): DeploymentRecord {
  const [application] = wire.applications ?? [];
  const project = wire.applicationId ?? application?.id;
  return {
    key: [wire.id],
    name: wire.name,
    labels: {},
    native_status: wire.status ?? null,
    created_at: instant(wire.createdAt),
    updated_at: instant(wire.updatedAt),
    status: rolloutStatus(wire.status),
    version: application?.version ?? wire.applicationVersion ?? null,
    url: null,
    completed_at: null,
    project_key: project ? [project] : null,
    target: targetOf(wire),
    latest_release: null,
    native: native(wire),
  };
}

function targetOf(wire: WireDeployment): DeploymentRecord['target'] {
  const group = wire.targetGroup ?? wire.clusterGroupId;
  if (group) return { kind: 'cluster_group', key: [group], name: null };
  if (wire.cluster) return { kind: 'cluster', key: [wire.cluster.id], name: wire.cluster.name ?? null };
  return null;
}
