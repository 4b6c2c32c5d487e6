import type pg from 'pg';

/** What is sent one after the other: one resource at one webhook. */
export interface Lane {
  readonly webhook: string;
  readonly lane: string;
}

/** Where the first of a lane that has not ended is held back, it is due now. Its webhook has to be locked. */
export async function release(
  client: Pick<pg.PoolClient, 'query'>,
  lanes: readonly Lane[],
  now: number,
): Promise<void> {
  if (lanes.length === 0) return;
  await client.query({
    name: 'webhook-release',
    text: `UPDATE webhook_delivery SET state = 'waiting', due_at = to_timestamp($3::float8 / 1000) WHERE seq IN (
      SELECT n.seq FROM unnest($1::text[], $2::text[]) AS l(webhook, lane) CROSS JOIN LATERAL (
        SELECT seq, state FROM webhook_delivery d WHERE d.webhook = l.webhook AND d.lane = l.lane AND d.lane IS NOT NULL
          AND d.state IN ('held', 'waiting', 'running') ORDER BY seq LIMIT 1) n
      WHERE n.state = 'held')`,
    values: [lanes.map(({ webhook }) => webhook), lanes.map(({ lane }) => lane), now],
  });
}
