import type { WriteRules } from '@fleetgate/provider-spec';
import { z } from 'zod';

const visibility = z.enum(['private', 'public']);

export const NewProjectSpec = z.strictObject({
  template: z.string().min(1).max(100).optional().describe('what the project starts from: `blank`, …'),
  visibility: visibility.optional(),
});
export const ProjectSpec = z.strictObject({ visibility: visibility.optional() });
export const DeploymentSpec = z.strictObject({
  commit: z
    .string()
    .min(1)
    .max(100)
    .optional()
    .describe('the revision to deploy, where the platform takes one'),
});

const project = ['name', 'description', 'team'];

export const writes = {
  projects: {
    create: { fields: project, spec: NewProjectSpec },
    replace: { fields: [...project, 'status'], spec: ProjectSpec },
    patch: { fields: [...project, 'status'], spec: ProjectSpec },
    remove: { fields: [] },
  },
  deployments: {
    create: { fields: ['version'], spec: DeploymentSpec },
    cancel: { fields: [] },
  },
} as const satisfies WriteRules;
