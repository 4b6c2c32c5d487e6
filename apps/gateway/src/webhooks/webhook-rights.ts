import { may, type Principal, teamsWith } from '../access/principal.ts';
import { scopeMissing } from '../access/refusals.ts';
import type { Scope } from '../access/scopes.ts';
import { ApiError, invalidField, noSuch } from '../answers/api-error.ts';

/** Whose a webhook is; null: root's. */
export type OwnerTeam = { readonly id: string; readonly slug: string } | null;

/** Slugs of the teams whose webhooks the caller sees; undefined: all there are, root's among them. */
export function teamsSeen(principal: Principal): readonly string[] | undefined {
  return teamsWith(principal, 'webhooks:read');
}

function holds(principal: Principal, scope: Scope, team: OwnerTeam): boolean {
  return team === null ? principal.everything === true : may(principal, scope, team.slug);
}

/** 404 for what the caller may not even see, 403 for what it may see and not do that with. */
export function assertMay(
  principal: Principal,
  scope: 'webhooks:read' | 'webhooks:write',
  team: OwnerTeam,
): void {
  if (holds(principal, scope, team)) return;
  if (holds(principal, 'webhooks:read', team) || holds(principal, 'webhooks:write', team))
    throw scopeMissing(scope, team?.slug);
  throw noSuch('webhook');
}

/** Nobody has events sent anywhere that it may not read itself. */
export function assertMaySend(principal: Principal, team: OwnerTeam): void {
  if (team === null) {
    if (principal.everything) return;
    throw new ApiError('forbidden', 'only root has webhooks of no team', {
      details: [{ field: 'team', message: 'is needed' }],
    });
  }
  const scopes: Scope[] = ['webhooks:write', 'events:read'];
  const missing = scopes.find((scope) => !may(principal, scope, team.slug));
  if (missing) throw scopeMissing(missing, team.slug);
}

export function noSuchTeam(): ApiError {
  return invalidField('team', 'no such team');
}
