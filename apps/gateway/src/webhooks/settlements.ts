import type { Clock } from '@fleetgate/provider-spec';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type pg from 'pg';
import { Audit } from '../audit/audit.ts';
import { Database } from '../database/database.ts';
import type { Claim } from './claims.ts';
import { CLOCK } from './clock.ts';
import { disable, type Ending } from './disabling.ts';
import { type Lane, release } from './lanes.ts';
import { type Conclusion, conclude, type Outcome } from './outcome.ts';
import { patience, pauseAfter, SCHEDULE, type Schedule } from './schedule.ts';

interface Health extends Ending {
  readonly failures: number;
  /** milliseconds since the epoch */
  readonly failingSince: number | null;
  readonly disabled: boolean;
}

/** Writes down what came of deliveries, many at a time, and what follows from it for their webhooks. */
@Injectable()
export class Settlements {
  readonly #log = new Logger('Webhooks');

  constructor(
    private readonly database: Database,
    private readonly audit: Audit,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(SCHEDULE) private readonly schedule: Schedule,
  ) {}

  async write(outcomes: readonly Outcome[]): Promise<void> {
    const now = this.clock.now();
    await this.database.transaction(async (client) => {
      const webhooks = await this.#lock(client, outcomes);
      const concluded = outcomes.map((outcome) => ({
        ...outcome,
        ...conclude(outcome, {
          now,
          schedule: this.schedule,
          disabled: webhooks.get(outcome.claim.webhook)?.disabled ?? true,
        }),
      }));
      await this.#write(client, concluded, now);
      for (const webhook of webhooks.values()) {
        await this.#judge(
          client,
          webhook,
          concluded.filter(({ claim }) => claim.webhook === webhook.id),
          now,
        );
      }
      const ended = concluded.filter(({ state }) => state !== 'waiting');
      await release(
        client,
        ended.flatMap(({ claim }) => laneOf(claim)),
        now,
      );
    });
  }

  async #lock(client: pg.PoolClient, outcomes: readonly Outcome[]): Promise<Map<string, Health>> {
    const { rows } = await client.query<Health>({
      name: 'webhook-health',
      text: `SELECT w.id, w.team_id AS "teamId", t.slug AS "teamSlug", w.url, w.failures, w.disabled_at IS NOT NULL AS disabled,
          (extract(epoch FROM w.failing_since) * 1000)::float8 AS "failingSince"
        FROM webhook w LEFT JOIN team t ON t.id = w.team_id WHERE w.id = ANY($1::text[]) ORDER BY w.id FOR UPDATE OF w`,
      values: [[...new Set(outcomes.map(({ claim }) => claim.webhook))]],
    });
    return new Map(rows.map((row) => [row.id, row]));
  }

  /** Only where the delivery is still as it was claimed: one whose lease ran out is somebody else's by now. */
  async #write(
    client: pg.PoolClient,
    concluded: readonly (Outcome & Conclusion)[],
    now: number,
  ): Promise<void> {
    await client.query({
      name: 'webhook-settle',
      text: `UPDATE webhook_delivery d SET state = o.state, due_at = coalesce(to_timestamp(o.due_at / 1000), d.due_at),
          lease_until = NULL, attempt = d.attempt + (o.attempt IS NOT NULL)::int,
          attempts = CASE WHEN o.attempt IS NULL THEN d.attempts ELSE d.attempts || o.attempt END,
          finished_at = CASE WHEN o.state <> 'waiting' THEN to_timestamp($6::float8 / 1000) END
        FROM unnest($1::bigint[], $2::int[], $3::text[], $4::float8[], $5::jsonb[]) AS o(seq, before, state, due_at, attempt)
        WHERE d.seq = o.seq AND d.state = 'running' AND d.attempt = o.before`,
      values: [
        concluded.map(({ claim }) => claim.seq),
        concluded.map(({ claim }) => claim.attempt),
        concluded.map(({ state }) => state),
        concluded.map(({ dueAt }) => dueAt ?? null),
        concluded.map(({ sent }) => (sent ? JSON.stringify(sent.attempt) : null)),
        now,
      ],
    });
  }

  /** What the outcomes say of the endpoint. They came at about the same time: one that succeeded shows that it is there. */
  async #judge(
    client: pg.PoolClient,
    webhook: Health,
    outcomes: readonly (Outcome & Conclusion)[],
    now: number,
  ): Promise<void> {
    const tried = outcomes.filter(
      ({ sent, once, state }) => sent !== undefined && (!once || state === 'succeeded'),
    );
    if (webhook.disabled || tried.length === 0) return;
    const gone = tried.some(({ sent }) => sent?.attempt.response?.status === 410);
    const arrived = tried.some(({ state }) => state === 'succeeded');
    // One event that an endpoint never takes is no reason to keep every other from it.
    const givenUp = !arrived && webhook.failures > 0 && tried.some(({ state }) => state === 'failed');
    const failures = arrived ? 0 : webhook.failures + tried.length;
    const failingSince = arrived ? null : (webhook.failingSince ?? now);
    const forTooLong = failingSince !== null && now - failingSince >= patience(this.schedule);
    if (gone || givenUp || forTooLong) {
      const reason = gone ? 'gone' : 'failing';
      await disable(client, webhook, { reason, now, audit: this.audit });
      this.#log.warn(`webhook ${webhook.id} is disabled: ${reason}`);
      return;
    }
    const asked = Math.max(0, ...tried.map(({ pause }) => pause));
    const pause = Math.max(pauseAfter(this.schedule, failures), asked);
    if (failures === webhook.failures && pause === 0) return;
    await client.query({
      name: 'webhook-judge',
      text: `UPDATE webhook SET failures = $2, failing_since = to_timestamp($3::float8 / 1000),
        paused_until = to_timestamp($4::float8 / 1000) WHERE id = $1`,
      values: [webhook.id, failures, failingSince, pause === 0 ? null : now + pause],
    });
  }
}

function laneOf({ webhook, lane }: Claim): Lane[] {
  return lane === null ? [] : [{ webhook, lane }];
}
