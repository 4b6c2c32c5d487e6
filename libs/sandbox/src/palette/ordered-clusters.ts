import { isoTime } from '../core/clock.ts';
import { type BuildContext, isRecord } from '../core/population.ts';
import { buildCluster, type PaletteCluster } from './clusters.ts';

/** What a cluster was made of by its own API. */
export interface ClusterOrder {
  /** null: the tenant's. */
  project: { uid: string; name: string } | null;
  /** As a cluster says it: `nested` for a virtual one. */
  cloudType: string;
  imported: boolean;
  name: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  spec: Record<string, unknown>;
}

/** An imported cluster waits that long for the agent that somebody installs in it, ms. */
export const agentConnectsAfter = 2 * 60_000;

/** Any index whose clusters are healthy and, as virtual ones, never paused (see buildCluster). */
const healthyIndex = 1;

/** Pending for 30 s, Provisioning up to the fifth minute, then Running and Healthy; an imported one is Importing until its agent connects. */
export function buildOrderedCluster(order: ClusterOrder, uid: string, context: BuildContext): PaletteCluster {
  const { project, cloudType, imported, name, labels, annotations, spec } = order;
  const created = context.addedAt ?? context.now;
  const virtual = cloudType === 'nested';
  const base = buildCluster(
    healthyIndex,
    {
      class: virtual ? 'nested' : project === null ? 'tenant' : 'plain',
      uid,
      project,
      groupUid: virtual ? hostGroupOf(spec) : null,
    },
    // What is imported has been running for long, and only its agent is new.
    imported ? { ...context, addedAt: null } : context,
  );
  const waiting = imported && context.now < created + agentConnectsAfter;
  const { health, ...status } = base.status;
  const pools = poolsOf(spec);
  const at = isoTime(waiting || !imported ? created : created + agentConnectsAfter);
  return {
    metadata: {
      ...base.metadata,
      name,
      labels,
      annotations: { ...annotations, ...base.metadata.annotations },
      creationTimestamp: isoTime(created),
      lastModifiedTimestamp: at,
    },
    spec: {
      ...base.spec,
      cloudType,
      cloudRegion: regionOf(spec) ?? base.spec['cloudRegion'],
      clusterType: imported ? importTypeOf(spec) : 'PureManage',
      clusterConfig: recordIn(spec, 'clusterConfig'),
    },
    specSummary: {
      ...base.specSummary,
      cloudConfig: {
        ...recordIn(base.specSummary, 'cloudConfig'),
        cloudType,
        ...(pools.length > 0 ? { machinePools: pools } : {}),
      },
    },
    status: {
      ...status,
      state: waiting ? 'Importing' : status.state,
      ...(waiting || health === undefined ? {} : { health }),
      ...(waiting ? { kubeMeta: { kubernetesVersion: '', hasKubeConfig: false }, apiEndpoints: [] } : {}),
      clusterImport: imported
        ? {
            isBrownfield: true,
            state: waiting ? 'Pending' : 'Completed',
            importLink: `/v1/spectroclusters/${uid}/import/manifest`,
          }
        : { isBrownfield: false, state: '' },
    },
  };
}

function recordIn(object: Record<string, unknown>, name: string): Record<string, unknown> {
  const value = object[name];
  return isRecord(value) ? value : {};
}

function hostGroupOf(spec: Record<string, unknown>): string | null {
  const { uid } = recordIn(recordIn(recordIn(spec, 'clusterConfig'), 'hostClusterConfig'), 'clusterGroup');
  return typeof uid === 'string' ? uid : null;
}

function regionOf(spec: Record<string, unknown>): string | undefined {
  const { region } = recordIn(spec, 'cloudConfig');
  return typeof region === 'string' ? region : undefined;
}

/** Only looked at, or managed as far as the agent can. */
function importTypeOf(spec: Record<string, unknown>): string {
  return recordIn(spec, 'clusterConfig')['importMode'] === 'read-only' ? 'AlloyMonitor' : 'AlloyAssist';
}

/** The pools of a request, as a cluster shows them. */
function poolsOf(spec: Record<string, unknown>): Record<string, unknown>[] {
  const given = spec['machinepoolconfig'];
  if (!Array.isArray(given)) return [];
  return given.filter(isRecord).map((pool, at) => {
    const { name, size, isControlPlane } = recordIn(pool, 'poolConfig');
    const nodes = typeof size === 'number' ? size : 1;
    return {
      name: typeof name === 'string' ? name : `pool-${at}`,
      isControlPlane: isControlPlane === true,
      size: nodes,
      minSize: nodes,
      maxSize: nodes,
    };
  });
}
