import type pg from 'pg';

/** Something that happened to what is no resource: a connection, a team, a webhook. */
export interface Occurrence {
  readonly kind: 'connection' | 'team' | 'webhook';
  readonly change: string;
  /** slug of the connection that it is about; absent: `team` says who may hear of it */
  readonly connection?: string;
  /** id of a team */
  readonly team?: string;
  /** id of what it is about, where that is neither the connection nor the team itself */
  readonly resource?: string;
  /** what the event shows under the name of the kind; nothing in it is secret */
  readonly body: object;
  readonly requestId?: string;
}

/** Tells of it in the caller's own transaction: it is heard of exactly if that commits. */
export async function tellOf(client: Pick<pg.PoolClient, 'query'>, occurrence: Occurrence): Promise<void> {
  const { kind, change, connection, team, resource, body, requestId } = occurrence;
  await client.query({
    text: `INSERT INTO outbox (kind, change, connection, team, resource_id, body, request_id)
      VALUES ($1, $2, $3, $4, $5, $6::json, $7)`,
    values: [
      kind,
      change,
      connection ?? null,
      team ?? null,
      resource ?? connection ?? team ?? '',
      JSON.stringify(body),
      requestId ?? null,
    ],
  });
}
