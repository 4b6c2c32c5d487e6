import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.ts';
import { toleratedFailures } from './schedule.ts';
import { deadline } from './sender.ts';

/** How long a claimed delivery may take until its outcome is written; then somebody else takes it. Milliseconds. */
export const leaseLength = deadline + 10_000;

/** One delivery that this process is to carry out. */
export interface Claim {
  readonly seq: number;
  readonly webhook: string;
  /** null: order is of no matter */
  readonly lane: string | null;
  /** how many attempts there were before */
  readonly attempt: number;
  readonly eventId: string;
  /** null: the event is no longer kept */
  readonly body: string | null;
  readonly url: string;
  readonly secrets: Buffer;
  readonly withPrevious: boolean;
  /** milliseconds since the epoch */
  readonly leaseUntil: number;
}

/** How much one webhook has of this process's attention. */
export interface Load {
  readonly webhook: string;
  /** deliveries that it has claimed and not ended */
  readonly busy: number;
  /** how many it may have */
  readonly most: number;
}

const time = (parameter: string) => `to_timestamp(${parameter}::float8 / 1000)`;

/** Takes deliveries that are due, each by one process at a time (SKIP LOCKED), so many of each webhook as it may have. */
@Injectable()
export class Claims {
  constructor(private readonly database: Database) {}

  /** `usual`: how many a webhook may have that has no load yet; one that only fails has one at a time. */
  async take(
    now: number,
    loads: readonly Load[],
    { usual, free }: { usual: number; free: number },
  ): Promise<Claim[]> {
    const leaseUntil = now + leaseLength;
    const claims = await this.database.query<Omit<Claim, 'leaseUntil'>>({
      name: 'webhook-claim',
      text: `WITH room AS MATERIALIZED (
          SELECT w.id, greatest(0, CASE WHEN w.failures >= ${toleratedFailures} THEN 1 ELSE coalesce(l.most, $5) END
            - coalesce(l.busy, 0)) AS room
          FROM webhook w LEFT JOIN unnest($2::text[], $3::int[], $4::int[]) AS l(id, busy, most) ON l.id = w.id
          WHERE w.disabled_at IS NULL AND (w.paused_until IS NULL OR w.paused_until <= ${time('$1')})
          ORDER BY random()),
        taken AS MATERIALIZED (
          SELECT d.seq FROM room CROSS JOIN LATERAL (
            SELECT seq FROM webhook_delivery WHERE webhook = room.id AND state = 'waiting' AND due_at <= ${time('$1')}
            ORDER BY due_at, seq LIMIT room.room FOR UPDATE SKIP LOCKED) d
          LIMIT $6)
        UPDATE webhook_delivery d SET state = 'running', lease_until = ${time('$7')}
        FROM taken t, webhook w WHERE d.seq = t.seq AND w.id = d.webhook
        RETURNING d.seq, d.webhook, d.lane, d.attempt, d.event_id AS "eventId", w.url, w.secrets,
          coalesce(d.body, (SELECT e.body FROM event e WHERE e.sequence = d.sequence)) AS body,
          coalesce(w.previous_until > ${time('$1')}, false) AS "withPrevious"`,
      values: [
        now,
        loads.map(({ webhook }) => webhook),
        loads.map(({ busy }) => busy),
        loads.map(({ most }) => most),
        usual,
        free,
        leaseUntil,
      ],
    });
    return claims.map((claim) => ({ ...claim, leaseUntil })).sort((a, b) => a.seq - b.seq);
  }

  /** What a process that is gone had claimed is due again; a test that it was about to send has failed. */
  async takeBack(now: number): Promise<void> {
    await this.database.query({
      name: 'webhook-take-back',
      text: `UPDATE webhook_delivery SET lease_until = NULL, state = CASE WHEN sequence IS NULL THEN 'failed' ELSE 'waiting' END,
          finished_at = CASE WHEN sequence IS NULL THEN ${time('$1')} END
        WHERE seq IN (SELECT seq FROM webhook_delivery WHERE state = 'running' AND lease_until <= ${time('$1')}
          ORDER BY lease_until LIMIT 1000 FOR UPDATE SKIP LOCKED)`,
      values: [now],
    });
  }

  /** When something is due next, in milliseconds since the epoch, webhooks that have no room here aside; undefined: nothing is. */
  async next(full: readonly string[]): Promise<number | undefined> {
    const [row] = await this.database.query<{ at: number | null }>({
      name: 'webhook-next',
      text: `SELECT (extract(epoch FROM least(
          (SELECT min(greatest(d.due_at, w.paused_until)) FROM webhook w CROSS JOIN LATERAL (
            SELECT due_at FROM webhook_delivery WHERE webhook = w.id AND state = 'waiting' ORDER BY due_at LIMIT 1) d
            WHERE w.disabled_at IS NULL AND w.id <> ALL($1::text[])),
          (SELECT min(lease_until) FROM webhook_delivery WHERE state = 'running'))) * 1000)::float8 AS at`,
      values: [full],
    });
    return row?.at ?? undefined;
  }
}
