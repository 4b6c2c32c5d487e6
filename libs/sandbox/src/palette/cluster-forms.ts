import { isoTime } from '../core/clock.ts';
import type { Metadata, PaletteCluster } from './clusters.ts';

/** The cluster with other names, tags and annotations since that time (ms). Where it belongs stays Palette's own to say. */
export function asRenamed(
  cluster: PaletteCluster,
  { name, labels, annotations }: Pick<Metadata, 'name' | 'labels' | 'annotations'>,
  at: number,
): PaletteCluster {
  const { scope, projectUid } = cluster.metadata.annotations;
  const own = {
    ...(scope === undefined ? {} : { scope }),
    ...(projectUid === undefined ? {} : { projectUid }),
  };
  return {
    ...cluster,
    metadata: {
      ...cluster.metadata,
      name,
      labels,
      annotations: { ...annotations, ...own },
      lastModifiedTimestamp: isoTime(Math.max(at, Date.parse(cluster.metadata.lastModifiedTimestamp))),
    },
  };
}

/** A cluster that is being deleted since that time (ms): no agent reports any more. */
export function asDeleting(cluster: PaletteCluster, since: number): PaletteCluster {
  const { health: _health, ...status } = cluster.status;
  const at = isoTime(since);
  return {
    ...cluster,
    metadata: { ...cluster.metadata, lastModifiedTimestamp: at, deletionTimestamp: at },
    status: { ...status, state: 'Deleting', apiEndpoints: [] },
  };
}

/** A cluster that was deleted, at that time (ms): it keeps its names and loses its health. */
export function asDeleted(cluster: PaletteCluster, deletedAt: number): PaletteCluster {
  const { health: _health, ...status } = cluster.status;
  const at = isoTime(deletedAt);
  return {
    ...cluster,
    metadata: { ...cluster.metadata, lastModifiedTimestamp: at, deletionTimestamp: at },
    status: { ...status, state: 'Deleted', apiEndpoints: [] },
  };
}

/** The row of a search: health by its word only, no Kubernetes version. */
export function searchForm(cluster: PaletteCluster): Record<string, unknown> {
  const { state, health, clusterImport, fips, location, metrics, notifications, virtual } = cluster.status;
  return {
    metadata: cluster.metadata,
    specSummary: cluster.specSummary,
    status: {
      state,
      ...(health === undefined ? {} : { health: { state: health['state'] } }),
      clusterImport,
      fips,
      location,
      metrics,
      notifications,
      ...(virtual === undefined ? {} : { virtual }),
    },
  };
}

/** The row of /meta and /metadata. */
export function metaForm(cluster: PaletteCluster): Record<string, unknown> {
  const { cloudType, cloudRegion, clusterType, tags } = cluster.spec;
  const { location, state } = cluster.status;
  return {
    metadata: cluster.metadata,
    spec: { cloudType, cloudRegion, clusterType, tags, location },
    status: { state },
  };
}

/** GET /v1/spectroclusters/{uid}: neither health nor version. */
export function fullForm(cluster: PaletteCluster): Record<string, unknown> {
  const { state, conditions, packs, apiEndpoints, services, addOnServices, virtual, clusterImport } =
    cluster.status;
  return {
    apiVersion: 'v1',
    kind: 'SpectroCluster',
    metadata: cluster.metadata,
    spec: cluster.spec,
    status: {
      state,
      conditions,
      packs,
      apiEndpoints,
      services,
      addOnServices,
      clusterImport,
      ...(virtual === undefined ? {} : { virtual }),
    },
  };
}

/** GET /v1/dashboard/spectroclusters/{uid} and /overview: the only ones with health in full and the version. */
export function overviewForm(cluster: PaletteCluster): Record<string, unknown> {
  return { metadata: cluster.metadata, specSummary: cluster.specSummary, status: cluster.status };
}
