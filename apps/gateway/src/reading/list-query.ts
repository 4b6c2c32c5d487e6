import { decodeId, Instant, type Kind, Slug, statuses } from '@fleetgate/model';
import { z } from 'zod';
import type { ListQuery as StoreQuery } from '../inventory/inventory.ts';

export const sortFields = ['name', 'created_at', 'updated_at'] as const;

/** A number as it stands in a query. The documents show what is meant: the text form is how every query is written. */
export const wholeNumber = (least: number, most: number) => {
  const error = `must be a whole number from ${least} to ${most}`;
  return z
    .string({ error })
    .regex(/^\d{1,9}$/, { error })
    .transform(Number)
    .refine((value) => value >= least && value <= most, { error })
    .meta({ type: 'integer', minimum: least, maximum: most, pattern: undefined });
};

export const limit = wholeNumber(1, 100).default(20).describe('20 unless told');

export const yes = z
  .enum(['true', 'false'], { error: 'must be true or false' })
  .transform((word) => word === 'true');

const idOf = (kind: Kind, article: string) =>
  z.string().refine((id) => decodeId(id)?.kind === kind, { error: `must be the id of ${article}` });

const timeForm = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d))?$/;
/** Years that the database and the text form can both hold. */
const [firstMoment, lastMoment] = [
  Date.parse('0001-01-01T00:00:00Z'),
  Date.parse('9999-12-31T23:59:59.999Z'),
];

function isTime(text: string): boolean {
  const [, day] = timeForm.exec(text) ?? [];
  const [midnight, moment] = [Date.parse(`${day}T00:00:00Z`), Date.parse(text)];
  if (!(midnight >= firstMoment && moment >= firstMoment && moment <= lastMoment)) return false;
  return new Date(midnight).toISOString().startsWith(day as string); // not the 30th of February
}

/** A time as it stands in a query. */
export const instant = z
  .string()
  .refine(isTime, { error: 'must be an RFC 3339 time, like 2026-03-01T09:30:00Z' })
  .transform((text) => new Date(text).toISOString())
  .pipe(Instant);

const label = z
  .string()
  .regex(/^[^:]{1,256}:[\s\S]{0,1024}$/, { error: 'must be name:value' })
  .transform((text) => {
    const cut = text.indexOf(':');
    return { key: text.slice(0, cut), value: text.slice(cut + 1) };
  });

const labels = z
  .union([z.string().transform((one) => [one]), z.array(z.string())])
  .pipe(z.array(label).max(20, { error: 'at most 20 labels' }))
  .describe('name:value; repeat it to ask for several at once');

const native = z.enum(['native'], { error: 'can only be native' });

const maxStale = wholeNumber(0, 86_400).describe('seconds');

/** Parameters of every list. */
const common = {
  page: wholeNumber(1, 10_000_000).optional().describe('1 is the first; not together with cursor'),
  cursor: z.string().min(1).max(8192).optional().describe('pagination.next_cursor of the answer before'),
  limit,
  q: z.string().min(1).max(200).optional().describe('part of the name, in any case'),
  label: labels.optional(),
  provider: Slug.optional(),
  connection: Slug.optional(),
  team: z
    .string()
    .min(1)
    .max(200)
    .optional()
    .describe(
      "slug or id of one of your teams: what is at its connections; any other word: what the platforms say is that team's",
    ),
  updated_since: instant.optional().describe('an RFC 3339 time, or a day'),
  include: native.optional().describe("native: with the upstream's own object"),
  require: z
    .string()
    .min(1)
    .max(4096)
    .optional()
    .describe('complete, or connections by comma: 503 when one of them is missing'),
  max_stale: maxStale.optional().describe('seconds; older sources are refreshed first'),
  cached: yes.default(false).describe('true: never ask the upstreams, whatever max_stale says'),
};

const sortOf = (defaultSort: string) =>
  z
    .string()
    .regex(/^-?(name|created_at|updated_at)$/, {
      error: `must be one of ${sortFields.join(', ')}, with - before it for the reverse`,
    })
    .default(defaultSort);

const statusOf = (kind: 'project' | 'cluster' | 'deployment' | 'release') =>
  z
    .enum(statuses[kind] as readonly [string, ...string[]], {
      error: `must be one of ${statuses[kind].join(', ')}`,
    })
    .optional();

const project = idOf('project', 'a project').optional();
const cluster = idOf('cluster', 'a cluster').optional();

export const listQueries = {
  project: z.strictObject({ ...common, sort: sortOf('name'), status: statusOf('project') }),
  cluster: z.strictObject({ ...common, sort: sortOf('name'), status: statusOf('cluster'), project }),
  cluster_group: z.strictObject({ ...common, sort: sortOf('name') }),
  deployment: z.strictObject({
    ...common,
    sort: sortOf('-created_at'),
    status: statusOf('deployment'),
    project,
    cluster,
  }),
  release: z.strictObject({ ...common, sort: sortOf('-created_at'), status: statusOf('release') }),
} as const satisfies Record<Kind, z.ZodType>;

/** Every parameter that some list knows; each list refuses the ones that it does not. */
export type ListParameters = z.output<(typeof listQueries)[Kind]> & {
  status?: string | undefined;
  project?: string | undefined;
  cluster?: string | undefined;
};

export const readQuery = z.strictObject({
  include: native.optional().describe("native: with the upstream's own object"),
  max_stale: maxStale.default(5).describe('seconds; 0 is live; 5 unless told'),
  cached: yes.default(false).describe('true: never ask the upstream'),
});
export type ReadParameters = z.output<typeof readQuery>;

export function sortOfParameter(text: string): StoreQuery['sort'] {
  const descending = text.startsWith('-');
  return { field: text.slice(descending ? 1 : 0) as StoreQuery['sort']['field'], descending };
}

/** For routes that take no parameters. */
export const noQuery = z.strictObject({});

/** Parameters of lists of things that the gateway itself owns. */
export const pageQuery = z.strictObject({
  page: wholeNumber(1, 10_000_000).default(1),
  limit,
});
export type PageParameters = z.output<typeof pageQuery>;
