import type { Role, Scope } from './scopes.ts';

export const plans = ['free', 'pro', 'enterprise'] as const;
export type Plan = (typeof plans)[number];

export interface TeamRef {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly plan: Plan;
  /** requests per hour where the team has a limit of its own; null: what its plan says */
  readonly hourlyLimit: number | null;
}

/** What a caller may do in one team. */
export interface Grant {
  readonly team: TeamRef;
  /** null: not by membership (a key, a client) */
  readonly role: Role | null;
  readonly scopes: ReadonlySet<Scope>;
}

/** Who calls. It is made once for a credential and then shared by every request that brings it, so it never changes. */
export interface Principal {
  /** root, or the id of the user, key or client */
  readonly id: string;
  readonly kind: 'root' | 'user' | 'api_key' | 'client' | 'external';
  readonly name: string;
  /** whose plan pays, and to whom belongs what it makes; null: root, or a user without any team */
  readonly team: TeamRef | null;
  readonly grants: readonly Grant[];
  /** root: every scope, everywhere */
  readonly everything?: true;
}

/** Whether the caller may do that in the team of that slug; null: in any team, as it is asked of what belongs to everyone. */
export function may(principal: Principal, scope: Scope, team: string | null): boolean {
  if (principal.everything) return true;
  return principal.grants.some(
    (grant) => (team === null || grant.team.slug === team) && grant.scopes.has(scope),
  );
}

/** The caller's grant in the team of that slug or id. */
export function grantIn(principal: Principal, team: string): Grant | undefined {
  return principal.grants.find((grant) => grant.team.slug === team || grant.team.id === team);
}

/** Slugs of the teams in which the caller has that scope; undefined: every team. */
export function teamsWith(principal: Principal, scope: Scope): readonly string[] | undefined {
  if (principal.everything) return undefined;
  return principal.grants.filter((grant) => grant.scopes.has(scope)).map(({ team }) => team.slug);
}

export const root: Principal = {
  id: 'root',
  kind: 'root',
  name: 'root',
  team: null,
  grants: [],
  everything: true,
};
