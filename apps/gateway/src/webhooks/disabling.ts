import type pg from 'pg';
import type { Audit } from '../audit/audit.ts';
import { tellOf } from '../events/outbox.ts';
import type { DisabledReason } from './webhook.ts';

/** One that was locked, and is to be disabled. */
export interface Ending {
  readonly id: string;
  readonly teamId: string | null;
  readonly teamSlug: string | null;
  readonly url: string;
}

/**
 * Nothing is sent to it any more, and what waits is given up: whoever enables it again can have that replayed. Told as an
 * event; where the gateway does it by itself, it is noted in the audit too.
 */
export async function disable(
  client: pg.PoolClient,
  webhook: Ending,
  {
    reason,
    now,
    audit,
    requestId,
  }: { reason: DisabledReason; now: number; audit?: Audit; requestId?: string },
): Promise<void> {
  const { id, teamId, teamSlug, url } = webhook;
  await client.query({
    text: `UPDATE webhook SET disabled_at = to_timestamp($2::float8 / 1000), disabled_reason = $3, paused_until = NULL,
      updated_at = now() WHERE id = $1`,
    values: [id, now, reason],
  });
  await client.query({
    text: `UPDATE webhook_delivery SET state = 'cancelled', finished_at = to_timestamp($2::float8 / 1000)
      WHERE webhook = $1 AND state IN ('held', 'waiting')`,
    values: [id, now],
  });
  await tellOf(client, {
    kind: 'webhook',
    change: 'disabled',
    ...(teamId === null ? {} : { team: teamId }),
    resource: id,
    body: { id, origin: new URL(url).origin, reason },
    ...(requestId === undefined ? {} : { requestId }),
  });
  await audit?.recordOwn(
    {
      action: 'webhook.disable',
      team: teamSlug,
      target: { kind: 'webhook', id },
      detail: { reason },
      outcome: 'done',
    },
    client,
  );
}
