import type { ErrorCode, Fault, FaultCode } from '@fleetgate/model';
import type { Connection } from '../connections/connection.ts';
import { ApiError, type ApiErrorFacts } from './api-error.ts';

/** What a caller hears of a provider's fault. 401 and 403 are ours alone: an upstream's refusal is about our credentials. */
const codes: Record<FaultCode, ErrorCode> = {
  invalid: 'validation_error',
  unauthenticated: 'upstream_auth_failed',
  forbidden: 'upstream_auth_failed',
  not_found: 'not_found',
  conflict: 'conflict',
  rate_limited: 'upstream_rate_limited',
  unsupported: 'unsupported_by_provider',
  unavailable: 'upstream_unavailable',
  timeout: 'upstream_timeout',
  unexpected: 'upstream_error',
  outcome_unknown: 'outcome_unknown',
};

/** Seconds to wait where the upstream named none. */
const defaultRetryAfter = 5;

export function errorOfFault(fault: Fault, connection: Pick<Connection, 'slug' | 'definition'>): ApiError {
  const code = codes[fault.code];
  const waits = code === 'upstream_rate_limited' || code === 'upstream_unavailable';
  return new ApiError(code, `${connection.slug}: ${fault.message}`, {
    cause: fault,
    source: {
      connection: connection.slug,
      provider: connection.definition.id,
      upstream_status: fault.upstream?.status ?? null,
      upstream_code: fault.upstream?.code ?? null,
    },
    ...detailsOf(fault),
    ...(waits
      ? {
          retryAfterSeconds: Math.max(1, Math.ceil((fault.retryAfterMs ?? defaultRetryAfter * 1000) / 1000)),
        }
      : {}),
  });
}

function detailsOf(fault: Fault): Pick<ApiErrorFacts, 'details'> {
  if (fault.details.length > 0) return { details: fault.details };
  return fault.field ? { details: [{ field: fault.field, message: fault.message }] } : {};
}

/** The answer where a connection's provider has no such facet or operation; `able`: slugs of connections that do. */
export function unsupported(
  connection: Connection,
  capability: string,
  able: readonly string[] = [],
): ApiError {
  const provider = connection.definition.title;
  const others = able.length > 0 ? [{ field: 'connections', message: able.join(', ') }] : [];
  return new ApiError('unsupported_by_provider', `${provider} has no ${capability}`, {
    details: [{ field: 'capability', message: capability }, ...others],
    source: {
      connection: connection.slug,
      provider: connection.definition.id,
      upstream_status: null,
      upstream_code: null,
    },
  });
}
