import type { Kind } from '@fleetgate/model';

/** The facet of a provider that holds each kind. */
export const facetOf = {
  project: 'projects',
  cluster: 'clusters',
  cluster_group: 'clusterGroups',
  deployment: 'deployments',
  release: 'releases',
} as const satisfies Record<Kind, string>;

export type FacetOf<K extends Kind> = (typeof facetOf)[K];
export type FacetName = FacetOf<Kind>;

/** Operations that change the upstream; each has its entry in the definition's `writes`. */
export const writeOperations = ['create', 'replace', 'patch', 'remove', 'cancel', 'deploy'] as const;
export type WriteOperation = (typeof writeOperations)[number];

/** Operations that change nothing upstream, so that they may be shared among callers and repeated. */
export const readOperations: readonly string[] = ['identify', 'list', 'get'];
