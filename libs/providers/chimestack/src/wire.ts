import { z } from 'zod';

/** A field that may be absent, or of another type than documented: then it is not known, and nothing else suffers. */
const maybe = <Schema extends z.ZodType>(schema: Schema) => schema.nullish().catch(null);

const text = maybe(z.string());
const count = maybe(z.number());

/** {error, requestId, result}; `error` is null or absent where all is well. */
export const Envelope = z.object({
  error: maybe(z.object({ code: maybe(z.union([z.number(), z.string()])), message: text, status: text })),
});

/** Any object of ChimeStack, whole. The identity is all that must be there; the schemas below read the rest of it. */
export const Whole = z.looseObject({ uuid: z.string().min(1) });
export type Whole = z.output<typeof Whole>;

/**
 * A page of a list. `size` is how many elements this page holds, not how many were asked for, and is not read. Go writes an
 * empty list as null.
 */
export const ElementsPage = z
  .object({
    result: z.object({
      elements: z
        .array(Whole)
        .nullish()
        .transform((elements) => elements ?? []),
      total: z.int().nonnegative(),
    }),
  })
  .transform(({ result }) => result);
export type ElementsPage = z.output<typeof ElementsPage>;

export const OneCluster = z
  .object({ result: z.object({ cluster: Whole }) })
  .transform(({ result }) => result.cluster);

export const OneHost = z.object({ result: z.object({ host: Whole }) }).transform(({ result }) => result.host);

/** Whatever a change is answered with: 1, "ok", or an object with either. What it left is read. */
export const Done = z.unknown();

export const Zone = z.object({ name: text, state: count });

export const Cluster = z.object({
  uuid: z.string(),
  name: text,
  description: text,
  az_uuid: text,
  az_name: text,
  hypervisor_type: text,
  arch: text,
  type: count,
  state: count,
  created_at: text,
});

export const Host = z.object({
  state: count,
  monitor_state: count,
  heartbeat_at: text,
  physical_vcpus: count,
  physical_memory: count,
});

/** The token is the uuid of the session, not that of the user. */
export const Login = z
  .object({
    result: z.object({
      user: z.object({ uuid: z.string().min(1), created_at: text, expired_at: text }),
    }),
  })
  .transform(({ result }) => result.user);
