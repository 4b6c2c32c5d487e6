import type { WriteRules } from '@fleetgate/provider-spec';
import { z } from 'zod';

/** The upstream documents no field of its objects: what is said here goes into them as it is. */
export const DeploymentSpec = z.strictObject({
  object: z
    .record(z.string(), z.unknown())
    .optional()
    .describe(
      'further fields of the ClusterDeploymentStatus; name, cluster, version and labels are laid over them',
    ),
});

const fields = ['target', 'version', 'labels'];

export const writes = {
  deployments: {
    create: { fields: ['name', ...fields], required: ['name', 'target'], spec: DeploymentSpec },
    replace: { fields: ['name', ...fields], required: ['target'], spec: DeploymentSpec },
    patch: { fields, spec: DeploymentSpec },
    remove: { fields: [] },
  },
} as const satisfies WriteRules;
