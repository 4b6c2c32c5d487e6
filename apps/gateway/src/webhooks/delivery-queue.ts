import type pg from 'pg';
import { sayDue } from './due.ts';

export interface NewDelivery {
  readonly webhook: string;
  readonly sequence: number;
  readonly eventId: string;
  readonly type: string;
  /** null: order is of no matter */
  readonly lane: string | null;
  readonly replay: boolean;
}

/**
 * Puts deliveries behind those that there are; their webhooks have to be locked. Where order is asked for, whatever has another
 * one of its lane before it is held back. Resolves to their `seq`s.
 */
export async function enqueue(
  client: pg.PoolClient,
  deliveries: readonly NewDelivery[],
  now: number,
): Promise<number[]> {
  if (deliveries.length === 0) return [];
  const busy = await busyLanes(client, deliveries);
  const held = deliveries.map(({ webhook, lane }) => {
    if (lane === null) return false;
    const name = nameOf(webhook, lane);
    const isBusy = busy.has(name);
    busy.add(name);
    return isBusy;
  });
  const { rows } = await client.query<{ seq: number }>({
    name: 'webhook-enqueue',
    text: `INSERT INTO webhook_delivery (webhook, sequence, event_id, type, lane, replay, state, due_at)
      SELECT webhook, sequence, event_id, type, lane, replay, CASE WHEN held THEN 'held' ELSE 'waiting' END,
        to_timestamp($8::float8 / 1000)
      FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::boolean[], $7::boolean[])
        WITH ORDINALITY AS d(webhook, sequence, event_id, type, lane, replay, held, place) ORDER BY place RETURNING seq`,
    values: [
      deliveries.map(({ webhook }) => webhook),
      deliveries.map(({ sequence }) => sequence),
      deliveries.map(({ eventId }) => eventId),
      deliveries.map(({ type }) => type),
      deliveries.map(({ lane }) => lane),
      deliveries.map(({ replay }) => replay),
      held,
      now,
    ],
  });
  await sayDue(client);
  return rows.map(({ seq }) => seq);
}

function nameOf(webhook: string, lane: string): string {
  return `${webhook} ${lane}`;
}

async function busyLanes(client: pg.PoolClient, deliveries: readonly NewDelivery[]): Promise<Set<string>> {
  const ordered = deliveries.filter(({ lane }) => lane !== null);
  if (ordered.length === 0) return new Set();
  const { rows } = await client.query<{ webhook: string; lane: string }>({
    name: 'webhook-busy-lanes',
    text: `SELECT l.webhook, l.lane FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::text[]) AS x(webhook, lane)) l
      WHERE EXISTS (SELECT FROM webhook_delivery d WHERE d.webhook = l.webhook AND d.lane = l.lane
        AND d.lane IS NOT NULL AND d.state IN ('held', 'waiting', 'running'))`,
    values: [ordered.map(({ webhook }) => webhook), ordered.map(({ lane }) => lane)],
  });
  return new Set(rows.map(({ webhook, lane }) => nameOf(webhook, lane)));
}
