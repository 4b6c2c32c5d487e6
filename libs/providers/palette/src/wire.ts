import { z } from 'zod';

/** A field that may be absent, or of another type than documented: then it is not known, and nothing else suffers. */
const maybe = <Schema extends z.ZodType>(schema: Schema) => schema.nullish().catch(null);

const text = maybe(z.string());
const count = maybe(z.number());
const labels = maybe(z.record(z.string(), z.unknown()));
const named = maybe(z.object({ uid: text, name: text }));
const listed = <Schema extends z.ZodType>(schema: Schema) => maybe(z.array(schema));

/** Any object of Palette, whole. The identity is all that must be there; the schemas below read the rest of it. */
export const Whole = z.looseObject({ metadata: z.looseObject({ uid: z.string().min(1) }) });
export type Whole = z.output<typeof Whole>;

/** Go writes an empty list as null. */
const wholes = z
  .array(Whole)
  .nullish()
  .transform((items) => items ?? []);

/** `continue` is empty on the last page; `count` is the total and may change while paging. */
const listmeta = z.object({ continue: z.string().nullish(), count: z.number().nullish() });

export const ItemsPage = z.object({ items: wholes, listmeta });
export const AppDeploymentsPage = z
  .object({ appDeployments: wholes, listmeta })
  .transform((page) => ({ items: page.appDeployments, listmeta: page.listmeta }));

/** Not paged, and smaller than the objects themselves. */
export const ClusterGroupsMetadata = z
  .object({
    items: z.array(z.looseObject({ uid: z.string().min(1), scope: text })).nullish(),
  })
  .refine((answer) => answer.items !== undefined, { path: ['items'], error: 'is missing' })
  .transform((answer) => answer.items ?? []);

export const metadata = z.object({
  uid: z.string(),
  name: text,
  labels,
  annotations: labels,
  creationTimestamp: text,
  lastModifiedTimestamp: text,
  deletionTimestamp: text,
});

const teams = listed(z.object({ uid: z.string(), name: text }));

const projectState = maybe(
  z.object({ isDisabled: maybe(z.boolean()), cleanUpStatus: maybe(z.object({ state: text })) }),
);

/** As the dashboard lists it: the state is one step deeper than in the project itself. */
export const Project = z.object({
  metadata,
  specSummary: maybe(z.object({ teams })),
  status: maybe(z.object({ status: projectState })),
});

/** As it is read by its uid, where the state is not one step deeper. */
export const ProjectItself = z.object({ metadata, status: projectState });

const held = maybe(z.object({ count }));
/** What a removal of a project would leave without one. */
export const ActiveResources = z.object({
  clusters: held,
  virtualClusters: held,
  appDeployments: held,
});

const measure = maybe(z.object({ total: count, usage: count }));
const specification = maybe(
  z.object({
    cloudConfig: maybe(
      z.object({ cloudType: text, machinePools: listed(z.object({ size: z.int().nonnegative() })) }),
    ),
    cloudType: text,
    cloudRegion: text,
    projectMeta: named,
  }),
);

export const Cluster = z.object({
  metadata,
  /** in a search; the overview of one cluster is documented with either name */
  specSummary: specification,
  spec: specification,
  status: maybe(
    z.object({
      state: text,
      health: maybe(z.object({ state: text, lastHeartBeatTimestamp: text })),
      virtual: maybe(z.object({ lifecycleStatus: maybe(z.object({ status: text })) })),
      kubeMeta: maybe(z.object({ kubernetesVersion: text })),
      location: maybe(z.object({ regionName: text, regionCode: text, countryName: text, countryCode: text })),
      metrics: maybe(z.object({ cpu: measure, memory: measure })),
    }),
  ),
});
export type Cluster = z.output<typeof Cluster>;

export const AppDeployment = z.object({
  metadata,
  spec: maybe(
    z.object({
      config: maybe(z.object({ target: maybe(z.object({ clusterRef: named })) })),
      profile: maybe(z.object({ metadata: maybe(z.object({ uid: text, version: text })) })),
    }),
  ),
  status: maybe(
    z.object({
      state: text,
      appTiers: listed(z.object({ condition: maybe(z.object({ type: text, status: text })) })),
      lifecycleStatus: maybe(z.object({ status: text })),
    }),
  ),
});
export type AppDeployment = z.output<typeof AppDeployment>;

export const ClusterGroup = z.object({
  metadata,
  spec: maybe(z.object({ clusterRefs: listed(z.object({ clusterUid: z.string().min(1) })) })),
});

/** The token goes back as it is, without `Bearer`. */
export const UserToken = z.object({ Authorization: z.string().min(1) });

/** The part of a JSON Web Token that says when it ends, in seconds since the epoch. */
export const TokenClaims = z.object({ exp: z.number().positive(), iat: maybe(z.number().positive()) });

export const ErrorBody = z.object({ code: text, message: text, details: labels });
