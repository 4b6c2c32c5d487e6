import { ApiError } from '../answers/api-error.ts';
import type { Scope } from './scopes.ts';

const challenge = 'Bearer realm="fleetgate"';

/** 401: no credential came. */
export function credentialMissing(): ApiError {
  return new ApiError('unauthorized', 'send an API key or a token: Authorization: Bearer <key>', {
    headers: { 'www-authenticate': challenge },
  });
}

/** 401: one came, and is not (or no longer) good for anything. It is not told why: that would help only who guesses. */
export function credentialRefused(cause?: unknown): ApiError {
  return new ApiError('unauthorized', 'this key or token is not known, or no longer valid', {
    headers: { 'www-authenticate': `${challenge}, error="invalid_token"` },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** 403: the caller is known, and lacks a scope. */
export function scopeMissing(scope: Scope, team?: string): ApiError {
  const where = team === undefined ? '' : ` in the team ${team}`;
  return new ApiError('forbidden', `this needs the scope ${scope}${where}`, {
    details: [{ field: 'scope', message: `${scope} is missing` }],
    headers: { 'www-authenticate': `${challenge}, error="insufficient_scope", scope="${scope}"` },
  });
}

/** 403: the caller is known, and is not the operator. */
export function rootKeyMissing(): ApiError {
  return new ApiError('forbidden', 'this is for the root key alone', {
    headers: { 'www-authenticate': `${challenge}, error="insufficient_scope"` },
  });
}
