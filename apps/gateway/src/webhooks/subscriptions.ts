import { Inject, Injectable } from '@nestjs/common';
import type pg from 'pg';
import { CONNECTIONS, type Connections } from '../connections/connection.ts';
import { type Audience, mayHear, type StoredEvent } from '../events/event.ts';
import { namesType } from '../events/event-types.ts';
import type { NewDelivery } from './delivery-queue.ts';

/** What a webhook is to hear of. */
export interface Subscription {
  readonly id: string;
  readonly teamId: string | null;
  readonly teamSlug: string | null;
  readonly events: readonly string[];
  readonly ordered: boolean;
  /** sequence of the last event that is none of its business */
  readonly after: number;
}

/** Which webhooks hear of which events: of types that they name, and of what their team may hear at this moment. */
@Injectable()
export class Subscriptions {
  constructor(@Inject(CONNECTIONS) private readonly connections: Connections) {}

  /** Those that are enabled, locked: against whoever ends a delivery of theirs, or changes them. `only`: of that one. */
  async lock(client: pg.PoolClient, only: string | null = null): Promise<Subscription[]> {
    const { rows } = await client.query<Subscription>({
      name: 'webhook-subscriptions',
      text: `SELECT w.id, w.team_id AS "teamId", t.slug AS "teamSlug", w.events, w.ordered, w.after
        FROM webhook w LEFT JOIN team t ON t.id = w.team_id
        WHERE w.disabled_at IS NULL AND ($1::text IS NULL OR w.id = $1) ORDER BY w.id FOR UPDATE OF w`,
      values: [only],
    });
    return rows;
  }

  /** The deliveries that those events are for it. */
  deliveries(subscription: Subscription, events: readonly StoredEvent[], replay = false): NewDelivery[] {
    const audience = this.#audienceOf(subscription);
    const wanted = events.filter(
      (event) => namesType(subscription.events, event.type) && mayHear(audience, event),
    );
    return wanted.map(({ sequence, id, type, resourceId }) => ({
      webhook: subscription.id,
      sequence,
      eventId: id,
      type,
      lane: subscription.ordered ? (resourceId ?? '') : null,
      replay,
    }));
  }

  /** What its team may hear: of its own connections and of everyone's, and of itself. */
  #audienceOf({ teamId, teamSlug }: Subscription): Audience {
    if (teamId === null) return { connections: undefined, teams: undefined };
    const heard = this.connections.all().filter(({ team }) => team === null || team === teamSlug);
    return { connections: heard.map(({ slug }) => slug), teams: [teamId] };
  }
}
