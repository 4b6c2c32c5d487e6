import { z } from 'zod';

/** Only what is read; everything but identity may be missing. The rest of each object is kept for `native`. */

const Text = z.string().nullish().catch(null);
const Count = z.number().nullish().catch(null);

export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), meta: z.object({ total: z.int().nonnegative() }).nullish() });
}

export const Refusal = z.object({
  message: z.union([z.string(), z.array(z.string())]).nullish(),
  error: z.string().nullish(),
});

export const WireApplication = z.looseObject({
  id: z.string().min(1),
  name: z.string(),
  description: Text,
  version: Text,
  sourceType: Text,
  /** the manifest, YAML */
  sourceConfig: Text,
  createdAt: Text,
  updatedAt: Text,
});
export type WireApplication = z.infer<typeof WireApplication>;

export const WireCluster = z.looseObject({
  id: z.string().min(1),
  name: z.string(),
  nodeCount: Count,
  version: Text,
  cpuPercent: Count,
  memoryPercent: Count,
  storagePercent: Count,
  healthState: Text,
  onlineStatus: Text,
  tags: Text,
  lastCheckin: Text,
  createdAt: Text,
  updatedAt: Text,
  deletedAt: Text,
});
export type WireCluster = z.infer<typeof WireCluster>;

export const WireClusterGroup = z.looseObject({
  id: z.string().min(1),
  name: z.string(),
  description: Text,
  createdAt: Text,
  updatedAt: Text,
});
export type WireClusterGroup = z.infer<typeof WireClusterGroup>;

/** Applications of a deployment are objects on the wire; the published notes show bare ids. */
const ApplicationReference = z.union([
  z.string().transform((id) => ({ id, name: null, version: null })),
  z.looseObject({ id: z.string(), name: Text, version: Text }),
]);

export const WireDeployment = z.looseObject({
  id: z.string().min(1),
  name: z.string(),
  status: Text,
  applicationId: Text,
  applications: z.array(ApplicationReference).nullish().catch(null),
  applicationVersion: Text,
  targetGroup: Text,
  clusterGroupId: Text,
  cluster: z
    .union([
      z.string().transform((id) => ({ id, name: null })),
      z.looseObject({ id: z.string(), name: Text }),
    ])
    .nullish()
    .catch(null),
  createdAt: Text,
  updatedAt: Text,
});
export type WireDeployment = z.infer<typeof WireDeployment>;

export const WireRelease = z.looseObject({
  id: z.string().min(1),
  deploymentId: Text,
  status: Text,
  label: Text,
  createdAt: Text,
  updatedAt: Text,
});
export type WireRelease = z.infer<typeof WireRelease>;

/** What is answered to something that was made. */
export const Made = z.object({ id: z.string().min(1) });

/** A deploy is answered with its release, by what the notes say; nobody has been seen to read it. */
export const Deployed = z
  .object({ id: z.string().min(1), deploymentId: z.string() })
  .nullish()
  .catch(null);

/** Whatever a change is answered with: what it left is read. */
export const anything = z.unknown();
