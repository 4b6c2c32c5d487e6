import type { Clock } from '@fleetgate/provider-spec';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Database } from '../database/database.ts';
import { newEventId } from '../events/event.ts';
import { callerOf } from '../http/current.ts';
import { leaseLength } from './claims.ts';
import { CLOCK } from './clock.ts';
import { Sender } from './sender.ts';
import { Settlements } from './settlements.ts';
import type { StoredSecrets } from './webhook-secrets.ts';
import { WebhookStore } from './webhook-store.ts';

/** Sends an event that stands for nothing, at once and once, whatever types the webhook names and whether it is enabled. */
@Injectable()
export class TestEvents {
  constructor(
    private readonly database: Database,
    private readonly store: WebhookStore,
    private readonly sender: Sender,
    private readonly settlements: Settlements,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Resolves to the `seq` of the delivery when it is known what came of it. */
  async send(id: string, request: FastifyRequest): Promise<number> {
    const webhook = await this.store.get(id, callerOf(request).principal, 'webhooks:write');
    const eventId = newEventId();
    const leaseUntil = this.clock.now() + leaseLength;
    const body = bodyOf(eventId, request.id, { id, now: this.clock.now(), team: webhook.team?.slug ?? null });
    const [row] = await this.database.query<StoredSecrets & { seq: number; url: string }>({
      text: `WITH made AS (
          INSERT INTO webhook_delivery (webhook, event_id, type, body, state, due_at, lease_until)
          VALUES ($1, $2, 'webhook.test', $3, 'running', now(), to_timestamp($4::float8 / 1000)) RETURNING seq, webhook)
        SELECT made.seq, w.id, w.url, w.secrets, coalesce(w.previous_until > to_timestamp($5::float8 / 1000), false) AS "withPrevious"
        FROM made JOIN webhook w ON w.id = made.webhook`,
      values: [id, eventId, body, leaseUntil, this.clock.now()],
    });
    const { seq, url, ...stored } = row as NonNullable<typeof row>;
    const sent = await this.sender.send({ url, eventId, body, secrets: stored });
    const claim = { seq, webhook: id, lane: null, attempt: 0, eventId, body, url, leaseUntil, ...stored };
    await this.settlements.write([{ claim, sent, once: true }]);
    return seq;
  }
}

function bodyOf(
  eventId: string,
  requestId: string,
  { id, now, team }: { id: string; now: number; team: string | null },
): string {
  return JSON.stringify({
    id: eventId,
    type: 'webhook.test',
    created_at: new Date(now).toISOString(),
    sequence: null,
    resource_version: null,
    requestId,
    previous: null,
    inferred: false,
    connection: null,
    data: { webhook: { id, team } },
  });
}
