import { may, type Principal } from '../access/principal.ts';
import { scopeMissing } from '../access/refusals.ts';
import { ApiError, invalidField, noSuch } from '../answers/api-error.ts';

interface Owned {
  readonly slug: string;
  readonly team: string | null;
}

/** Whether the caller may change connections of that team; null: those of everyone, which are root's alone. */
export function mayChange(principal: Principal, team: string | null): boolean {
  return team === null ? principal.everything === true : may(principal, 'connections:write', team);
}

/** 404 for what the caller may not even see, 403 for what it may see and not change. */
export function assertMayChange(principal: Principal, { team }: Owned): void {
  if (mayChange(principal, team)) return;
  if (team === null)
    throw new ApiError('forbidden', 'only root changes a connection that belongs to everyone');
  throw may(principal, 'connections:read', team)
    ? scopeMissing('connections:write', team)
    : noSuch('connection');
}

/** Whether the caller may have connections in that team at all. */
export function assertMayMake(principal: Principal, team: string | null): void {
  if (mayChange(principal, team)) return;
  if (team === null)
    throw new ApiError('forbidden', 'only root makes connections for everyone', {
      details: [{ field: 'team', message: 'is needed' }],
    });
  if (!may(principal, 'connections:read', team)) throw invalidField('team', 'no such team'); // nor is it told whether there is one
  throw scopeMissing('connections:write', team);
}
