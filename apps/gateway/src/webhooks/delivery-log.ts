import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { Principal } from '../access/principal.ts';
import { noSuch } from '../answers/api-error.ts';
import { Database } from '../database/database.ts';
import { instant } from '../database/instant.ts';
import { Cursors } from '../reading/cursor.ts';
import { limit } from '../reading/list-query.ts';
import {
  type Delivery,
  type DeliveryWithBody,
  deliveryColumns,
  deliveryIdColumn,
  deliveryStateColumn,
  deliveryStates,
  seqOf,
} from './delivery.ts';
import { teamsSeen } from './webhook-rights.ts';
import { WebhookStore } from './webhook-store.ts';

export const deliveriesQuery = z.strictObject({
  cursor: z.string().min(1).max(8192).optional().describe('pagination.next_cursor of the answer before'),
  limit,
  state: z.enum(deliveryStates, { error: `must be one of ${deliveryStates.join(', ')}` }).optional(),
  event: z.string().min(1).max(100).optional().describe('id of an event: its deliveries'),
});
export type DeliveriesQuery = z.output<typeof deliveriesQuery>;

/** One of those that a request has caused, in short. */
export interface CausedDelivery {
  readonly id: string;
  readonly webhook: string;
  /** id of the event */
  readonly event: string;
  readonly state: (typeof deliveryStates)[number];
  /** made so far */
  readonly attempts: number;
  /** of the latest answer; null: none came */
  readonly status: number | null;
  readonly finished_at: string | null;
}

type Row<D> = D & { readonly seq: number };

/** What was sent to a webhook, is being sent, and what came of it: newest first. */
@Injectable()
export class DeliveryLog {
  constructor(
    private readonly database: Database,
    private readonly store: WebhookStore,
    private readonly cursors: Cursors,
  ) {}

  async page(
    webhook: string,
    { cursor, limit, state, event }: DeliveriesQuery,
    principal: Principal,
  ): Promise<{ deliveries: Delivery[]; next: string | null }> {
    await this.store.get(webhook, principal);
    const list = JSON.stringify(['deliveries', webhook, state, event]);
    const before = cursor === undefined ? null : this.cursors.open(list, cursor).id;
    const rows = await this.database.query<Row<Delivery>>({
      text: `SELECT ${deliveryColumns} FROM webhook_delivery d WHERE d.webhook = $1 AND ($2::bigint IS NULL OR d.seq < $2)
          AND ($3::text IS NULL OR d.state = $3 OR $3 = 'waiting' AND d.state = 'held') AND ($4::text IS NULL OR d.event_id = $4)
        ORDER BY d.seq DESC LIMIT $5`,
      values: [webhook, before, state ?? null, event ?? null, limit + 1],
    });
    const shown = rows.slice(0, limit);
    const last = shown.at(-1);
    return {
      deliveries: shown.map(({ seq: _, ...delivery }) => delivery),
      next: rows.length > limit && last ? this.cursors.seal(list, { value: '', id: String(last.seq) }) : null,
    };
  }

  /** What was sent of the events that a request has caused, to webhooks that the caller may see. */
  causedBy(requestId: string, principal: Principal): Promise<CausedDelivery[]> {
    return this.database.query({
      name: 'webhook-caused',
      text: `SELECT ${deliveryIdColumn} AS id, d.webhook, d.event_id AS event, ${deliveryStateColumn} AS state,
          jsonb_array_length(d.attempts) AS attempts, (d.attempts -> -1 -> 'response' ->> 'status')::int AS status,
          ${instant('d.finished_at')} AS finished_at
        FROM event e JOIN webhook_delivery d ON d.sequence = e.sequence JOIN webhook w ON w.id = d.webhook
          LEFT JOIN team t ON t.id = w.team_id
        WHERE e.request_id = $1 AND ($2::text[] IS NULL OR t.slug = ANY($2::text[])) ORDER BY d.seq LIMIT 100`,
      values: [requestId, teamsSeen(principal) ?? null],
    });
  }

  async get(webhook: string, id: string, principal: Principal): Promise<DeliveryWithBody> {
    await this.store.get(webhook, principal);
    return this.read(webhook, seqOf(id));
  }

  /** undefined: an id that cannot be one */
  async read(webhook: string, seq: number | undefined): Promise<DeliveryWithBody> {
    const [row] = await this.database.query<Row<DeliveryWithBody>>({
      name: 'webhook-delivery',
      text: `SELECT ${deliveryColumns}, coalesce(d.body, (SELECT e.body FROM event e WHERE e.sequence = d.sequence)) AS body
        FROM webhook_delivery d WHERE d.webhook = $1 AND d.seq = $2`,
      values: [webhook, seq ?? null],
    });
    if (!row) throw noSuch('delivery');
    const { seq: _, ...delivery } = row;
    return delivery;
  }
}
