import type { Stack } from '../e2e/stack.ts';

export interface Happening {
  /** id of the resource */
  readonly resource: string;
  readonly connection?: string | null;
  /** id of a team, for what is of no connection */
  readonly team?: string | null;
}

/** Lets changes of deployments happen, as a sync writes them down: one event each, in that order. */
export async function happen(
  sql: Stack['sql'],
  happenings: readonly Happening[],
  status = 'running',
): Promise<void> {
  await sql(
    `INSERT INTO outbox (connection, team, kind, change, status, previous_status, resource_id, body, version)
      SELECT connection, team, 'deployment', 'updated', $4::text, $4::text, resource, json_build_object('id', resource, 'status', $4::text), place
      FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS h(connection, team, resource, place) ORDER BY place`,
    [
      happenings.map(({ connection = null }) => connection),
      happenings.map(({ team = null }) => team),
      happenings.map(({ resource }) => resource),
      status,
    ],
  );
  await sql(`SELECT pg_notify('fleetgate_inventory', '{"passed":"test"}')`);
}
