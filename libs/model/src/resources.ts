import { z } from 'zod';
import { Key } from './identity.ts';
import { type Kind, statuses } from './kinds.ts';

/** RFC 3339, UTC, milliseconds: 2026-03-01T09:30:00.000Z */
export const Instant = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  .meta({ format: 'date-time', examples: ['2026-03-01T09:30:00.000Z'] });

const Labels = z.record(z.string(), z.string());
const Text = z.string().nullable();
const Percent = z.number().nullable();
const Native = z.record(z.string(), z.unknown());

const common = {
  name: z.string(),
  labels: Labels,
  native_status: Text.describe("the upstream's own word or words, as it said them"),
  created_at: Instant.nullable(),
  updated_at: Instant.nullable(),
};

const RolloutStatus = z.enum(statuses.deployment);

const projectFields = {
  ...common,
  status: z.enum(statuses.project),
  description: Text,
  team: z.object({ id: z.string(), name: Text }).nullable(),
};
const deploymentFields = {
  ...common,
  status: RolloutStatus.describe('the state of the last rollout'),
  version: Text,
  url: Text,
  completed_at: Instant.nullable(),
};
const releaseFields = { ...common, status: RolloutStatus, version: Text, completed_at: Instant.nullable() };
const clusterFields = {
  ...common,
  status: z.enum(statuses.cluster),
  kind: Text.describe('what runs it, in the words of the upstream: a cloud, a hypervisor, …'),
  version: Text,
  location: Text,
  node_count: z.number().int().nonnegative().nullable(),
  capacity: z
    .object({ cpu_cores: z.number().nullable(), memory_bytes: z.number().nullable() })
    .nullable()
    .describe('cpu_cores in cores, memory_bytes in bytes'),
  usage: z
    .object({ cpu_percent: Percent, memory_percent: Percent, storage_percent: Percent })
    .nullable()
    .describe('0 to 100'),
  last_seen_at: Instant.nullable(),
};
const clusterGroupFields = { ...common, description: Text };

const targetKind = z.enum(['cluster', 'cluster_group']);

/**
 * What a provider tells of one object: the unified fields, with upstream keys where the resource has ids, and the
 * upstream's own object (secrets removed) under `native`.
 */
const record = { key: Key, native: Native };

export const ProjectRecord = z.strictObject({ ...record, ...projectFields });
export const DeploymentRecord = z.strictObject({
  ...record,
  ...deploymentFields,
  project_key: Key.nullable(),
  target: z.strictObject({ kind: targetKind, key: Key.nullable(), name: Text }).nullable(),
  latest_release: z
    .strictObject({ key: Key, status: RolloutStatus, created_at: Instant.nullable() })
    .nullable()
    .describe('as far as the upstream tells it with the deployment; releases of their own win over it'),
});
export const ReleaseRecord = z.strictObject({ ...record, ...releaseFields, deployment_key: Key });
export const ClusterRecord = z.strictObject({
  ...record,
  ...clusterFields,
  project_key: Key.nullable(),
});
export const ClusterGroupRecord = z.strictObject({
  ...record,
  ...clusterGroupFields,
  cluster_keys: z.array(Key).nullable(),
});

export type ProjectRecord = z.infer<typeof ProjectRecord>;
export type DeploymentRecord = z.infer<typeof DeploymentRecord>;
export type ReleaseRecord = z.infer<typeof ReleaseRecord>;
export type ClusterRecord = z.infer<typeof ClusterRecord>;
export type ClusterGroupRecord = z.infer<typeof ClusterGroupRecord>;

export const recordSchemas = {
  project: ProjectRecord,
  cluster: ClusterRecord,
  cluster_group: ClusterGroupRecord,
  deployment: DeploymentRecord,
  release: ReleaseRecord,
} as const satisfies Record<Kind, z.ZodType>;

export type RecordOf<K extends Kind> = z.infer<(typeof recordSchemas)[K]>;
export type AnyRecord = RecordOf<Kind>;

/** What a caller of the gateway gets: ids in place of keys, and where and when the gateway saw it. */
const resource = {
  id: z.string(),
  connection: z.object({ id: z.string(), provider: z.string() }),
  observed_at: Instant.describe('when the gateway last had this from the upstream'),
  native: Native.optional().describe("the upstream's own object, with ?include=native only"),
};

const latest = z.object({ id: z.string(), status: RolloutStatus, created_at: Instant.nullable() }).nullable();

export const Project = z
  .object({
    ...resource,
    ...projectFields,
    deployments: z.object({ total: z.number().int(), latest }),
  })
  .meta({ id: 'Project' });
export const Deployment = z
  .object({
    ...resource,
    ...deploymentFields,
    project_id: Text,
    target: z.object({ kind: targetKind, id: Text, name: Text }).nullable(),
    latest_release: latest,
  })
  .meta({ id: 'Deployment' });
export const Release = z
  .object({ ...resource, ...releaseFields, deployment_id: z.string() })
  .meta({ id: 'Release' });
export const Cluster = z.object({ ...resource, ...clusterFields, project_id: Text }).meta({ id: 'Cluster' });
export const ClusterGroup = z
  .object({
    ...resource,
    ...clusterGroupFields,
    cluster_ids: z.array(z.string()).nullable().describe('null where the upstream does not tell'),
  })
  .meta({ id: 'ClusterGroup' });

export type Project = z.infer<typeof Project>;
export type Deployment = z.infer<typeof Deployment>;
export type Release = z.infer<typeof Release>;
export type Cluster = z.infer<typeof Cluster>;
export type ClusterGroup = z.infer<typeof ClusterGroup>;

export const resourceSchemas = {
  project: Project,
  cluster: Cluster,
  cluster_group: ClusterGroup,
  deployment: Deployment,
  release: Release,
} as const satisfies Record<Kind, z.ZodType>;

export type ResourceOf<K extends Kind> = z.infer<(typeof resourceSchemas)[K]>;

/** Fields that move by themselves from minute to minute; a change in nothing else is no event. */
export const volatileFields: readonly string[] = ['usage', 'last_seen_at'];
