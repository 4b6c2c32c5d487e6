import type { WriteRules } from '@fleetgate/provider-spec';
import { z } from 'zod';

/** where an application comes from, as far as clients have been seen to say */
const sourceType = z.enum(['gitops', 'editor', 'api']);
const sourceConfig = z
  .string()
  .max(262_144)
  .refine((text) => text.trim() !== '', { error: 'must not be blank' })
  .describe('the manifest of the application, YAML, at most 262,144 characters');

export const ApplicationSpec = z.strictObject({
  source_type: sourceType.default('api'),
  source_config: sourceConfig,
});

export const ApplicationChange = z.strictObject({
  source_type: sourceType.optional(),
  source_config: sourceConfig.optional(),
});

export const DeploymentSpec = z.strictObject({
  deploy: z.boolean().default(true).describe('false: bind the application to the group and start no release'),
});

export const writes = {
  projects: {
    create: { fields: ['name', 'description'], required: ['spec'], spec: ApplicationSpec },
    replace: { fields: ['name', 'description'], required: ['spec'], spec: ApplicationSpec },
    patch: { fields: ['name', 'description'], spec: ApplicationChange },
    remove: { fields: [], options: ['cleanup'] },
  },
  deployments: {
    create: { fields: ['name', 'target', 'version'], required: ['target'], spec: DeploymentSpec },
    replace: { fields: ['name', 'target', 'version'], required: ['target'] },
    patch: { fields: ['name', 'target', 'version'] },
    remove: { fields: [] },
    deploy: { fields: ['version'] },
  },
  clusters: { patch: { fields: ['labels'] } },
} as const satisfies WriteRules;
