import { Instant } from '@fleetgate/model';
import { z } from 'zod';
import { instant } from '../database/instant.ts';

/** As callers see them: what is held back for another one waits as well. */
export const deliveryStates = ['waiting', 'running', 'succeeded', 'failed', 'cancelled'] as const;

const Attempt = z.object({
  at: Instant,
  duration_ms: z.number(),
  request: z.object({ url: z.string(), headers: z.record(z.string(), z.string()) }),
  response: z
    .object({
      status: z.number().int(),
      headers: z.record(z.string(), z.string()),
      body: z.string().describe('its first 1,000 characters'),
    })
    .nullable(),
  error: z.string().nullable().describe('null: it arrived'),
});

export const Delivery = z
  .object({
    id: z.string(),
    event: z.object({ id: z.string(), type: z.string() }),
    state: z
      .enum(deliveryStates)
      .describe('cancelled: given up before it was sent, because the webhook was disabled'),
    replay: z.boolean(),
    test: z.boolean(),
    next_attempt_at: Instant.nullable(),
    attempts: z.array(Attempt).describe('the first one first'),
    created_at: Instant,
    finished_at: Instant.nullable(),
  })
  .meta({ id: 'WebhookDelivery' });
export type Delivery = z.infer<typeof Delivery>;

export const DeliveryWithBody = Delivery.extend({
  body: z.string().nullable().describe('what is sent; null: the event is no longer kept'),
}).meta({ id: 'WebhookDeliveryWithBody' });
export type DeliveryWithBody = z.infer<typeof DeliveryWithBody>;

const prefix = 'dlv_';

export function deliveryId(seq: number): string {
  return `${prefix}${seq}`;
}

/** undefined: it is none */
export function seqOf(id: string): number | undefined {
  const digits = id.startsWith(prefix) ? id.slice(prefix.length) : '';
  return /^[1-9]\d{0,14}$/.test(digits) ? Number(digits) : undefined;
}

export const deliveryIdColumn = `'${prefix}' || d.seq`;
export const deliveryStateColumn = `CASE d.state WHEN 'held' THEN 'waiting' ELSE d.state END`;
export const deliveryColumns = `d.seq, ${deliveryIdColumn} AS id, json_build_object('id', d.event_id, 'type', d.type) AS event,
  ${deliveryStateColumn} AS state, d.replay, d.sequence IS NULL AS test, d.attempts,
  CASE WHEN d.state = 'waiting' THEN ${instant('d.due_at')} END AS next_attempt_at,
  ${instant('d.created_at')} AS created_at, ${instant('d.finished_at')} AS finished_at`;
