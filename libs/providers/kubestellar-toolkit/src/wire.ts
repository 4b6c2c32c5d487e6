import { labelsOf } from '@fleetgate/provider-kit';
import { z } from 'zod';

/**
 * The upstream documents one list and not one field of its objects. Everything here is read as it comes, under the names
 * that such objects use (flat, or as Kubernetes lays them out); only a name is required.
 */

const Text = z.string().nullish().catch(null);
const Labels = z.record(z.string(), z.unknown()).nullish().catch(null);

export const Refusal = z.object({
  error: z.object({ code: z.string().nullish(), message: z.string().nullish() }),
});

const Metadata = z.looseObject({ name: Text, labels: Labels, creationTimestamp: Text }).nullish().catch(null);
const Spec = z.looseObject({ cluster: Text, clusterName: Text, version: Text }).nullish().catch(null);
const Status = z
  .union([
    z.string().transform((phase) => ({ phase })),
    z.looseObject({
      phase: Text,
      state: Text,
      clusterName: Text,
      lastUpdateTime: Text,
      completionTime: Text,
    }),
  ])
  .nullish()
  .catch(null);

export const WireDeploymentStatus = z
  .looseObject({
    name: Text,
    metadata: Metadata,
    spec: Spec,
    status: Status,
    phase: Text,
    cluster: Text,
    clusterName: Text,
    version: Text,
    labels: Labels,
    createdAt: Text,
    updatedAt: Text,
    completedAt: Text,
  })
  .refine((wire) => Boolean(wire.name || wire.metadata?.name), { error: 'has no name' });
export type WireDeploymentStatus = z.infer<typeof WireDeploymentStatus>;

/** A list of objects, or an object that holds it. */
function listOf<T extends z.ZodType>(object: T) {
  return z.union([
    z.array(object),
    z.object({ items: z.array(object).nullable() }).transform(({ items }) => items ?? []),
  ]);
}

export const WireList = listOf(WireDeploymentStatus);

/** The same, with every object as it came. */
export const RawList = listOf(z.record(z.string(), z.unknown()));
export type RawObject = Readonly<Record<string, unknown>>;

/** An answer whose body nobody relies on. */
export const anything = z.unknown();

/** The labels of an object, wherever they are. */
export function labelsIn({ labels, metadata }: WireDeploymentStatus): Record<string, string> {
  return { ...labelsOf(metadata?.labels), ...labelsOf(labels) };
}
