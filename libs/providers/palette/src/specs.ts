import type { WriteRules } from '@fleetgate/provider-spec';
import { z } from 'zod';

const uid = z.string().min(1).max(128);
/** Palette's own, which goes through as it is and is checked there. */
const object = z.record(z.string(), z.unknown());

const roles = z.array(uid).max(100);
const members = {
  teams: z
    .array(z.strictObject({ teamId: uid, roles }))
    .max(500)
    .optional(),
  users: z
    .array(z.strictObject({ userId: uid, roles }))
    .max(500)
    .optional(),
};
const ProjectMembers = z.strictObject(members);
const ProjectSpec = z.strictObject({ ...members, logoUid: uid.optional() });
export type ProjectSpec = z.output<typeof ProjectSpec>;

/** `spec` of Palette's own body for that cloud (the field `kind`), or `import` in its place. */
const ClusterSpec = z
  .strictObject({
    cloudAccountUid: uid.optional(),
    cloudConfig: object.optional(),
    machinepoolconfig: z.array(object).max(200).optional(),
    profiles: z.array(z.looseObject({ uid })).max(200).optional(),
    policies: object.optional(),
    clusterConfig: object.optional(),
    clusterTemplate: object.optional(),
    import: z
      .strictObject({ importMode: z.string().min(1).max(100).optional(), proxy: object.optional() })
      .optional()
      .describe('a cluster that exists already: it is Importing until the agent is installed in it'),
  })
  .superRefine((spec, context) => {
    if (spec.import === undefined) return;
    for (const name of Object.keys(spec).filter((one) => one !== 'import')) {
      context.addIssue({ code: 'custom', path: [name], message: 'does not go with import' });
    }
  });
export type ClusterSpec = z.output<typeof ClusterSpec>;

/** The app profile, whose uid stands for one version of it; and on a cluster group, the virtual cluster that is made for the app. */
const DeploymentSpec = z.strictObject({
  appProfileUid: uid,
  clusterName: z.string().min(1).max(100).optional(),
  clusterLimits: z
    .strictObject({
      cpu: z.number().positive().optional(),
      memoryMiB: z.number().positive().optional(),
      storageGiB: z.number().positive().optional(),
    })
    .optional(),
});
export type DeploymentSpec = z.output<typeof DeploymentSpec>;

const ProfileChange = z.strictObject({ appProfileUid: uid });
export type ProfileChange = z.output<typeof ProfileChange>;

const ofProject = ['name', 'description', 'labels', 'team'];

export const writes = {
  projects: {
    create: { fields: ofProject, spec: ProjectSpec },
    replace: { fields: ofProject, spec: ProjectSpec },
    patch: { fields: ofProject, spec: ProjectMembers },
    remove: { fields: [], options: ['cleanup'] },
  },
  clusters: {
    create: {
      fields: ['name', 'project_id', 'kind', 'description', 'labels'],
      required: ['spec'],
      spec: ClusterSpec,
    },
    patch: { fields: ['name', 'description', 'labels'] },
    remove: { fields: [], options: ['force'] },
  },
  deployments: {
    create: {
      fields: ['name', 'target', 'labels'],
      required: ['name', 'target', 'spec'],
      spec: DeploymentSpec,
    },
    patch: { fields: [], required: ['spec'], spec: ProfileChange },
    remove: { fields: [] },
  },
} as const satisfies WriteRules;
