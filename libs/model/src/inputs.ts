import { z } from 'zod';
import { Slug } from './identity.ts';

/** A name that an upstream could take: no control characters, no white space at its ends. */
const Name = z
  .string()
  .min(1)
  .max(200)
  .refine((text) => text.trim() === text && !/\p{Cc}/u.test(text), {
    error: 'must have no control characters, and no white space at its ends',
  });
const Description = z.string().max(4096).nullable();
const Labels = z
  .record(z.string().min(1).max(256), z.string().max(1024))
  .refine((labels) => Object.keys(labels).length <= 64, { error: 'must be at most 64 labels' });
const Version = z.string().min(1).max(200);
const Id = z.string().min(1).max(3000);

/** What only one provider knows; that provider's own schema checks it. */
const Spec = z.record(z.string(), z.unknown());

const TargetInput = z
  .strictObject({ kind: z.enum(['cluster', 'cluster_group']), id: Id })
  .describe('where it is to run');

const deploymentInput = {
  name: Name.optional(),
  target: TargetInput.optional(),
  version: Version.optional(),
  labels: Labels.optional(),
  spec: Spec.optional(),
};
const projectInput = {
  name: Name,
  description: Description.optional(),
  labels: Labels.optional(),
  team: z.string().min(1).max(200).optional().describe("id of the upstream's own team"),
  spec: Spec.optional(),
};
const connection = Slug.optional().describe(
  'where to make it; left out: the only connection that can do it, else the answer names the candidates',
);

/**
 * What callers send to change something. Each is strict; what a platform cannot take of it is refused by name, never dropped.
 * A merge patch (RFC 7396) has null for what is to be removed; replacing leaves out nothing that is to stay.
 */
export const ProjectCreate = z
  .strictObject({
    connection,
    ...projectInput,
    deployment: z
      .strictObject(deploymentInput)
      .optional()
      .describe('a first deployment to be made with it, in the same operation'),
  })
  .meta({ id: 'ProjectCreate' });
export const ProjectReplace = z
  .strictObject({ ...projectInput, status: z.enum(['active', 'archived']).optional() })
  .meta({ id: 'ProjectReplace' });
export const ProjectPatch = z
  .strictObject({
    name: Name.optional(),
    description: Description.optional(),
    labels: z.record(z.string(), z.string().max(1024).nullable()).nullable().optional(),
    team: z.string().min(1).max(200).nullable().optional(),
    status: z.enum(['active', 'archived']).optional(),
    spec: Spec.optional(),
  })
  .meta({ id: 'ProjectPatch' });

export const DeploymentCreate = z.strictObject(deploymentInput).meta({ id: 'DeploymentCreate' });
/** A deployment that is asked for by itself, and not below its project: on some platforms it has none. */
export const NewDeployment = z
  .strictObject({
    connection,
    project_id: Id.optional().describe('left out where the platform has no projects'),
    ...deploymentInput,
  })
  .meta({ id: 'NewDeployment' });
export const DeploymentReplace = z
  .strictObject({ ...deploymentInput, name: Name })
  .meta({ id: 'DeploymentReplace' });
export const DeploymentPatch = z
  .strictObject({
    name: Name.optional(),
    target: TargetInput.optional(),
    version: Version.nullable().optional(),
    labels: z.record(z.string(), z.string().max(1024).nullable()).nullable().optional(),
    spec: Spec.optional(),
  })
  .meta({ id: 'DeploymentPatch' });
export const DeployRequest = z
  .strictObject({ version: Version.optional(), spec: Spec.optional() })
  .meta({ id: 'DeployRequest' });

export const ClusterCreate = z
  .strictObject({
    connection,
    name: Name,
    project_id: Id.optional(),
    kind: z.string().min(1).max(100).optional().describe('what is to run it, in the words of the upstream'),
    version: Version.optional(),
    location: z.string().min(1).max(200).optional(),
    description: Description.optional(),
    labels: Labels.optional(),
    spec: Spec.optional(),
  })
  .meta({ id: 'ClusterCreate' });
export const ClusterPatch = z
  .strictObject({
    name: Name.optional(),
    description: Description.optional(),
    labels: z.record(z.string(), z.string().max(1024).nullable()).nullable().optional(),
    disabled: z.boolean().optional().describe('true: take it out of service; false: back into it'),
    spec: Spec.optional(),
  })
  .meta({ id: 'ClusterPatch' });

export type ProjectCreate = z.infer<typeof ProjectCreate>;
export type ProjectReplace = z.infer<typeof ProjectReplace>;
export type ProjectPatch = z.infer<typeof ProjectPatch>;
export type DeploymentCreate = z.infer<typeof DeploymentCreate>;
export type NewDeployment = z.infer<typeof NewDeployment>;
export type DeploymentReplace = z.infer<typeof DeploymentReplace>;
export type DeploymentPatch = z.infer<typeof DeploymentPatch>;
export type DeployRequest = z.infer<typeof DeployRequest>;
export type ClusterCreate = z.infer<typeof ClusterCreate>;
export type ClusterPatch = z.infer<typeof ClusterPatch>;
