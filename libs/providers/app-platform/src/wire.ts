import { z } from 'zod';

/** Only what is read; everything but identity may be missing. The rest of each object is kept for `native`. */

const Text = z.string().nullish().catch(null);

export const Refusal = z.object({
  error: z.object({
    code: z.string().nullish(),
    message: z.string().nullish(),
    details: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .nullish()
      .catch(null),
  }),
});

export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ data: z.array(item), pagination: z.object({ total: z.int().nonnegative() }) });
}

export function oneOf<T extends z.ZodType>(item: T) {
  return z.object({ data: item });
}

export const WireProject = z.looseObject({
  id: z.string().min(1),
  name: z.string(),
  description: Text,
  status: Text,
  created_at: Text,
  updated_at: Text,
  team: z.looseObject({ id: z.string(), name: Text }).nullish().catch(null),
});
export type WireProject = z.infer<typeof WireProject>;

export const WireDeployment = z.looseObject({
  id: z.string().min(1),
  project_id: Text,
  name: Text,
  status: Text,
  version: Text,
  commit: Text,
  url: Text,
  created_at: Text,
  updated_at: Text,
  completed_at: Text,
});
export type WireDeployment = z.infer<typeof WireDeployment>;

/** An answer whose body nobody needs. */
export const anything = z.unknown();
export const Made = oneOf(z.object({ id: z.string().min(1) }));
