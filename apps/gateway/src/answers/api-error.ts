import { type ErrorBody, type ErrorCode, type ErrorDetail, errorStatus } from '@fleetgate/model';

export interface ApiErrorFacts {
  details?: readonly ErrorDetail[];
  source?: NonNullable<ErrorBody['error']['source']>;
  /** whole seconds, for the Retry-After header */
  retryAfterSeconds?: number;
  /** further headers that the code demands (Allow, WWW-Authenticate) */
  headers?: Readonly<Record<string, string>>;
  /** how far a change got */
  operation?: ErrorBody['operation'];
  cause?: unknown;
}

/** What business code throws when the caller has to hear of it; the error answer is made from it in one place. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;

  constructor(
    readonly code: ErrorCode,
    message: string,
    readonly facts: ApiErrorFacts = {},
  ) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.status = errorStatus[code];
  }
}

/** One field that is wrong. */
export function invalidField(field: string, message: string): ApiError {
  return new ApiError('validation_error', `${field}: ${message}`, { details: [{ field, message }] });
}

export function noSuch(what: string): ApiError {
  return new ApiError('not_found', `no such ${what}`);
}
