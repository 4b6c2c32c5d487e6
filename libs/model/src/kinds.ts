/** The five kinds of resource, in the order in which a sync walks them (parents first). */
export const kinds = ['project', 'cluster', 'cluster_group', 'deployment', 'release'] as const;
export type Kind = (typeof kinds)[number];

/** Every status word a kind can have; `unknown` stands for whatever an upstream adds tomorrow. */
export const statuses = {
  project: ['active', 'archived', 'deleting', 'unknown'],
  deployment: ['queued', 'running', 'success', 'failed', 'cancelled', 'removed', 'unknown'],
  release: ['queued', 'running', 'success', 'failed', 'cancelled', 'removed', 'unknown'],
  cluster: [
    'pending',
    'provisioning',
    'healthy',
    'degraded',
    'unreachable',
    'disabled',
    'deleting',
    'error',
    'unknown',
  ],
  cluster_group: [],
} as const satisfies Record<Kind, readonly string[]>;

export type ProjectStatus = (typeof statuses.project)[number];
export type RolloutStatus = (typeof statuses.deployment)[number];
export type ClusterStatus = (typeof statuses.cluster)[number];
