import type { Clock } from '@fleetgate/provider-spec';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type pg from 'pg';
import { z } from 'zod';
import { ApiError, invalidField } from '../answers/api-error.ts';
import { Audit } from '../audit/audit.ts';
import { EventLog } from '../events/event-log.ts';
import { callerOf } from '../http/current.ts';
import { CLOCK } from './clock.ts';
import { enqueue } from './delivery-queue.ts';
import { type Subscription, Subscriptions } from './subscriptions.ts';
import { WebhookStore } from './webhook-store.ts';

/** Events that one replay looks at, and how many at once. */
const most = 10_000;
const batchSize = 500;

export const ReplayRequest = z
  .strictObject({
    since: z
      .union([
        z.string().regex(/^evt_[0-9a-f-]{36}$/),
        z.iso.datetime({ offset: true }).transform((text) => new Date(text)),
      ])
      .describe('id of an event, or an RFC 3339 time: that event, or the first one since, and all after it'),
  })
  .meta({ id: 'WebhookReplay' });

export const ReplayAnswer = z
  .object({
    queued: z.number().int().describe('deliveries that were made'),
    next: z
      .string()
      .nullable()
      .describe('not all of it was queued: ask again with this as `since`; null: it was'),
  })
  .meta({ id: 'WebhookReplayAnswer' });

/** Sends again what was sent, or missed: events of the log, under the ids that they have always had, behind what waits. */
@Injectable()
export class Replays {
  constructor(
    private readonly store: WebhookStore,
    private readonly audit: Audit,
    private readonly events: EventLog,
    private readonly subscriptions: Subscriptions,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Resolves to the `seq` of the new delivery. */
  async one(webhook: string, seq: number | undefined, request: FastifyRequest): Promise<number> {
    return this.#replay(webhook, request, { delivery: seq ?? null }, async (client, subscription) => {
      const { rows } = await client.query<{ sequence: number | null; known: boolean }>({
        text: `SELECT sequence, EXISTS (SELECT FROM event e WHERE e.sequence = d.sequence) AS known
          FROM webhook_delivery d WHERE webhook = $1 AND seq = $2`,
        values: [webhook, seq ?? null],
      });
      const [row] = rows;
      if (!row) throw new ApiError('not_found', 'no such delivery');
      if (row.sequence === null) throw new ApiError('conflict', 'a test is not replayed: send another one');
      if (!row.known) throw new ApiError('conflict', 'its event is no longer kept');
      const [event] = await this.events.read({ ...everything, after: row.sequence - 1, limit: 1 });
      const [made] = await enqueue(
        client,
        // It was sent there before: what it names by now does not matter.
        this.subscriptions.deliveries({ ...subscription, events: ['*'] }, event ? [event] : [], true),
        this.clock.now(),
      );
      if (made === undefined) throw new ApiError('forbidden', 'its team may not hear of that any more');
      return made;
    });
  }

  async since(
    webhook: string,
    { since }: z.output<typeof ReplayRequest>,
    request: FastifyRequest,
  ): Promise<z.infer<typeof ReplayAnswer>> {
    const first = await this.#sequenceAt(since);
    const detail = { since: typeof since === 'string' ? since : since.toISOString() };
    return this.#replay(webhook, request, detail, async (client, subscription) => {
      let after = first - 1;
      let queued = 0;
      for (let looked = 0; looked < most; looked += batchSize) {
        const events = await this.events.read({ ...everything, after, limit: batchSize });
        const deliveries = this.subscriptions.deliveries(subscription, events, true);
        queued += (await enqueue(client, deliveries, this.clock.now())).length;
        if (events.length < batchSize) return { queued, next: null };
        after = events.at(-1)?.sequence ?? after;
      }
      const [next] = await this.events.read({ ...everything, after, limit: 1 });
      return { queued, next: next?.id ?? null };
    });
  }

  async #replay<T>(
    webhook: string,
    request: FastifyRequest,
    detail: object,
    work: (client: pg.PoolClient, subscription: Subscription) => Promise<T>,
  ): Promise<T> {
    const { team } = await this.store.get(webhook, callerOf(request).principal, 'webhooks:write');
    const target = { kind: 'webhook', id: webhook };
    const deed = { action: 'webhook.replay', team: team?.slug ?? null, target, detail: { ...detail } };
    return this.audit.change(request, deed, async (client) => {
      const [subscription] = await this.subscriptions.lock(client, webhook);
      if (!subscription) throw new ApiError('conflict', 'the webhook is disabled: enable it first');
      return work(client, subscription);
    });
  }

  async #sequenceAt(since: string | Date): Promise<number> {
    const sequence =
      typeof since === 'string' ? await this.events.sequenceOf(since) : await this.events.firstSince(since);
    if (sequence === undefined) throw invalidField('since', 'is no event that is kept');
    return sequence;
  }
}

const everything = { audience: { connections: undefined, teams: undefined } };
