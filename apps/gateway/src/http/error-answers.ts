import { type ErrorBody, type ErrorCode, type ErrorDetail, errorStatus } from '@fleetgate/model';
import { HttpException } from '@nestjs/common';
import { ApiError } from '../answers/api-error.ts';
import { DatabaseLost } from '../database/database-lost.ts';

export interface ErrorAnswer {
  status: number;
  code: ErrorCode;
  message: string;
  headers: Record<string, string>;
  body: string;
  /** true: a bug of ours, or something that nobody foresaw; to be logged with its cause */
  unforeseen: boolean;
}

/** Codes of PostgreSQL: of a text that it cannot hold. Whoever sent it may have put it anywhere, an id for example. */
const unstorable = new Set(['22021', '22P05']);

/** Errors of Fastify and its parsers, by their code. */
const fastifyErrors: Readonly<Record<string, [ErrorCode, string]>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: ['bad_request', 'the body is not valid JSON'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['bad_request', 'the body is empty, though its content type says JSON'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['bad_request', 'the body is not as long as Content-Length says'],
  FST_ERR_CTP_BODY_TOO_LARGE: ['payload_too_large', 'the body is larger than 1 MiB'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['unsupported_media_type', 'send application/json'],
  FST_ERR_BAD_URL: ['bad_request', 'the path is not a valid URL'],
  FST_ERR_MAX_PARAM_LENGTH: ['not_found', 'no such path: nothing has an id that long'],
};

/**
 * The only maker of error bodies: the envelope of the API, or the same facts as RFC 9457 where the caller's Accept asks for
 * application/problem+json. What nobody foresaw says nothing about its cause.
 */
export function errorAnswer(error: unknown, requestId: string, accept: string | undefined): ErrorAnswer {
  const known = asApiError(error);
  const failure = known ?? new ApiError('internal_error', 'something went wrong on our side');
  const { details = [], source, retryAfterSeconds, headers = {}, operation } = failure.facts;
  const facts: ErrorBody['error'] = {
    code: failure.code,
    message: failure.message,
    status: failure.status,
    details: [...details] as ErrorDetail[],
    ...(source ? { source } : {}),
  };
  const asProblem = accept?.includes('application/problem+json') ?? false;
  return {
    status: failure.status,
    code: failure.code,
    message: failure.message,
    unforeseen: known === undefined,
    headers: {
      'content-type': asProblem
        ? 'application/problem+json; charset=utf-8'
        : 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'x-request-id': requestId,
      'x-content-type-options': 'nosniff',
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
      ...headers,
    },
    body: JSON.stringify(
      asProblem
        ? { ...problemOf(facts), ...(operation ? { operation } : {}), requestId }
        : { error: facts, ...(operation ? { operation } : {}), requestId },
    ),
  };
}

function problemOf(facts: ErrorBody['error']): Record<string, unknown> {
  const { code, message, ...rest } = facts;
  return {
    type: 'about:blank',
    title: code.replaceAll('_', ' '),
    detail: message,
    code,
    ...rest,
  };
}

function asApiError(error: unknown): ApiError | undefined {
  if (error instanceof ApiError) return error;
  if (error instanceof DatabaseLost)
    return new ApiError('incomplete', error.message, { retryAfterSeconds: 2, cause: error });
  if (unstorable.has((error as { code?: string } | null)?.code ?? ''))
    return new ApiError(
      'validation_error',
      'a text holds a character that cannot be stored: NUL, or half of one',
      {
        cause: error,
      },
    );
  // Nest wraps what the parsers throw.
  const own = error instanceof HttpException ? error.cause : error;
  const code = (own as { code?: unknown } | null | undefined)?.code;
  if (typeof code === 'string' && Object.hasOwn(fastifyErrors, code)) {
    const [known, message] = fastifyErrors[code] as [ErrorCode, string];
    return new ApiError(known, message, { cause: error });
  }
  const status = error instanceof HttpException ? error.getStatus() : statusOf(error);
  if (status === undefined || status >= 500) return undefined;
  // A refusal by the framework itself: its status says what kind, its text may hold anything.
  const byStatus = Object.entries(errorStatus).find(([, value]) => value === status)?.[0] as
    | ErrorCode
    | undefined;
  return new ApiError(byStatus ?? 'bad_request', 'the request cannot be understood', { cause: error });
}

function statusOf(error: unknown): number | undefined {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' && status >= 400 && status < 500 ? status : undefined;
}
