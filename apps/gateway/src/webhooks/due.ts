import type pg from 'pg';

/** The channel on which every worker hears that there is something to deliver. */
export const dueChannel = 'fleetgate_webhooks';

/** Says so when the transaction commits. */
export async function sayDue(client: Pick<pg.PoolClient, 'query'>): Promise<void> {
  await client.query({ text: 'SELECT pg_notify($1, $2)', values: [dueChannel, ''] });
}
