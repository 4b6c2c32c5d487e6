import { ApiError } from '../../answers/api-error.ts';
import { grantIn, may, type Principal } from '../principal.ts';
import { type Role, scopesOfRole } from '../scopes.ts';

type InTeam = { readonly slug: string };

/** Nobody gives more than they have, and only owners make owners. */
export function assertMayGive(principal: Principal, team: InTeam, role: Role): void {
  if (principal.everything) return;
  if (role === 'owner' && grantIn(principal, team.slug)?.role !== 'owner') throw onlyOwners();
  const lacking = [...scopesOfRole(role)].filter((scope) => !may(principal, scope, team.slug));
  if (lacking.length === 0) return;
  throw new ApiError('forbidden', `the role ${role} has scopes that you do not have`, {
    details: lacking.map((scope) => ({ field: 'role', message: `${scope} is missing` })),
  });
}

/** Owners are changed and removed by owners. */
export function assertMayTouch(principal: Principal, team: InTeam, role: Role): void {
  if (role !== 'owner' || principal.everything) return;
  if (grantIn(principal, team.slug)?.role !== 'owner') throw onlyOwners();
}

function onlyOwners(): ApiError {
  return new ApiError('forbidden', 'only owners make, change and remove owners', {
    details: [{ field: 'role', message: 'owner is for owners to give and take' }],
  });
}
