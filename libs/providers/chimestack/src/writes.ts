import type { WriteRules } from '@fleetgate/provider-spec';
import { z } from 'zod';

const spec = z.strictObject({
  arch: z.string().min(1).max(64).optional().describe('architecture of its hosts: x86_64, arm, …'),
  type: z
    .literal([0, 1, 2])
    .optional()
    .describe('what it is for: 0 is computing and storage, 1 computing only, 2 storage only'),
});

export const ClusterSpec = spec;

export const writes = {
  clusters: {
    create: { fields: ['name', 'kind', 'location', 'description'], required: ['location'], spec },
    patch: { fields: ['name', 'description', 'disabled'], spec },
    remove: { fields: [] },
  },
} as const satisfies WriteRules;
