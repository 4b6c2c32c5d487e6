import { Instant } from '@fleetgate/model';
import { z } from 'zod';
import { instant } from '../database/instant.ts';
import { eventTypes, namesType } from '../events/event-types.ts';
import { OwnSecret } from './webhook-secrets.ts';

export const webhookStatuses = ['active', 'paused', 'disabled'] as const;
/** Why one is disabled: it was asked for, the endpoint answered 410, or nothing got through for too long. */
export const disabledReasons = ['asked', 'gone', 'failing'] as const;
export type DisabledReason = (typeof disabledReasons)[number];

export const Webhook = z
  .object({
    id: z.string(),
    team: z
      .object({ id: z.string(), slug: z.string() })
      .nullable()
      .describe('null: of root, and told of everything'),
    url: z.string(),
    events: z.array(z.string()).describe('types, some with wildcards'),
    description: z.string().nullable(),
    ordered: z
      .boolean()
      .describe('true: events of one resource are sent one after the other, each once the last has arrived'),
    status: z
      .enum(webhookStatuses)
      .describe('paused: it only fails, and is tried now and then until something gets through'),
    disabled_reason: z.enum(disabledReasons).nullable(),
    disabled_at: Instant.nullable(),
    failing_since: Instant.nullable().describe(
      'when the first of the latest attempts failed, if all did since',
    ),
    previous_secret_until: Instant.nullable().describe('until when the secret before this one signs too'),
    created_by: z.string(),
    created_at: Instant,
    updated_at: Instant,
  })
  .meta({ id: 'Webhook' });
export type Webhook = z.infer<typeof Webhook>;

export const NewWebhook = Webhook.extend({
  secret: z.string().describe('shown this once'),
}).meta({ id: 'NewWebhook' });
export type NewWebhook = z.infer<typeof NewWebhook>;

const Url = z
  .string()
  .max(2000, { error: 'must have at most 2000 characters' })
  .refine((text) => URL.canParse(text) && /^https?:\/\//i.test(text), {
    error: 'must be an http or https address',
  })
  .refine((text) => !URL.parse(text)?.username && !URL.parse(text)?.password, {
    error: 'must hold no user and no password',
  })
  .refine((text) => !URL.parse(text)?.hash, { error: 'must have no fragment' });

const EventTypes = z
  .array(
    z.string().refine((one) => eventTypes.some((type) => namesType([one], type)), {
      error: 'must be types of events, like deployment.completed, cluster.* or *',
    }),
  )
  .min(1, { error: 'must name at least one' })
  .max(100, { error: 'must name at most 100' })
  .transform((types) => [...new Set(types)]);

const Description = z.string().trim().max(200, { error: 'must have at most 200 characters' }).nullable();

const changeable = {
  url: Url,
  events: EventTypes.describe('types of events, with wildcards: deployment.*, or * for all'),
  description: Description.optional(),
  ordered: z.boolean().optional().describe('left out: false'),
  enabled: z.boolean().optional().describe('left out: true'),
};
export const WebhookCreate = z
  .strictObject({
    ...changeable,
    secret: OwnSecret.optional().describe('left out: one is made'),
    team: z.string().min(1).max(200).optional().describe('slug or id; left out: the team that you work for'),
  })
  .meta({ id: 'WebhookCreate' });
export type WebhookCreate = z.output<typeof WebhookCreate>;

export const WebhookReplace = z.strictObject(changeable).meta({ id: 'WebhookReplace' });
export type WebhookReplace = z.output<typeof WebhookReplace>;

export const WebhookPatch = z
  .strictObject({
    url: Url.optional(),
    events: EventTypes.optional(),
    description: Description.optional(),
    ordered: z.boolean().optional(),
    enabled: z.boolean().optional(),
  })
  .meta({ id: 'WebhookPatch' });
export type WebhookPatch = z.output<typeof WebhookPatch>;

export const SecretRotation = z
  .strictObject({
    secret: OwnSecret.optional().describe('left out: one is made'),
    keep_previous: z
      .number()
      .int()
      .min(0)
      .max(30 * 86_400)
      .default(86_400)
      .describe('seconds for which the secret of before signs as well; a day unless told'),
  })
  .meta({ id: 'WebhookSecretRotation' });
export type SecretRotation = z.output<typeof SecretRotation>;

/** `now`: the parameter that holds the time. */
export const webhookColumns = (
  now: string,
) => `w.id, w.url, w.events, w.description, w.ordered, w.created_by, w.disabled_reason,
  CASE WHEN t.id IS NOT NULL THEN json_build_object('id', t.id, 'slug', t.slug) END AS team,
  CASE WHEN w.disabled_at IS NOT NULL THEN 'disabled' WHEN w.paused_until IS NOT NULL THEN 'paused' ELSE 'active' END AS status,
  ${instant('w.disabled_at')} AS disabled_at, ${instant('w.failing_since')} AS failing_since,
  CASE WHEN w.previous_until > ${now}::timestamptz THEN ${instant('w.previous_until')} END AS previous_secret_until,
  ${instant('w.created_at')} AS created_at, ${instant('w.updated_at')} AS updated_at`;
export const webhookTable = 'webhook w LEFT JOIN team t ON t.id = w.team_id';
