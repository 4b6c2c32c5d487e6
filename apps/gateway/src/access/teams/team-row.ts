import type { Plan, TeamRef } from '../principal.ts';

/** A team as every query that needs one selects it. */
export interface TeamRow {
  readonly team_id: string;
  readonly slug: string;
  readonly team_name: string;
  readonly plan: Plan;
  readonly hourly_limit: number | null;
}

/** Of a table `team t`. */
export const teamColumns = 't.id AS team_id, t.slug, t.name AS team_name, t.plan, t.hourly_limit' as const;

export function teamRefOf({ team_id, slug, team_name, plan, hourly_limit }: TeamRow): TeamRef {
  return { id: team_id, slug, name: team_name, plan, hourlyLimit: hourly_limit };
}
