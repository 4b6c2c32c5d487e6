import { inSeedYear, isoTime } from '../core/clock.ts';
import type { BuildContext } from '../core/population.ts';
import { type Metadata, type PaletteCluster, zeroTime } from './clusters.ts';

/** GET /v1/clustergroups/{uid}. */
export interface PaletteGroup {
  apiVersion: string;
  kind: 'hostClusterGroup';
  metadata: Metadata;
  spec: Record<string, unknown> & { clusterRefs: { clusterUid: string; clusterName: string }[] };
  status: { isActive: boolean };
}

export interface GroupPlace {
  uid: string;
  /** null: the tenant's. */
  projectUid: string | null;
  members: readonly PaletteCluster[];
}

export function buildGroup(index: number, place: GroupPlace, context: BuildContext): PaletteGroup {
  const { uid, projectUid, members } = place;
  const created = isoTime(context.addedAt ?? inSeedYear(context.random.next()));
  return {
    apiVersion: 'v1',
    kind: 'hostClusterGroup',
    metadata: {
      name: `host-group-${index}`,
      uid,
      labels: index % 2 === 0 ? { purpose: 'sandboxes' } : {},
      annotations: projectUid === null ? { scope: 'tenant' } : { scope: 'project', projectUid },
      creationTimestamp: created,
      lastModifiedTimestamp: created,
      deletionTimestamp: zeroTime,
    },
    spec: {
      type: 'hostCluster',
      clusterRefs: members.map(({ metadata }) => ({ clusterUid: metadata.uid, clusterName: metadata.name })),
      clusterProfileTemplates: [],
      clustersConfig: { endpointType: 'Ingress', kubernetesDistroType: 'k3s' },
    },
    status: { isActive: true },
  };
}

/** The row of /v1/clustergroups/hostCluster/metadata: the flat one of the schema, and `metadata` beside it. */
export function groupMetaForm({ metadata }: PaletteGroup): Record<string, unknown> {
  const { name, uid, annotations } = metadata;
  return { metadata: { name, uid, annotations }, name, uid, scope: annotations['scope'] };
}
