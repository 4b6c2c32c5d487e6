import { z } from 'zod';
import { OperationBlock } from './operations.ts';
import { Instant } from './resources.ts';

/** Every error code a caller can meet, with its HTTP status. The list is closed. */
export const errorStatus = {
  bad_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  outcome_unknown: 409,
  precondition_failed: 412,
  payload_too_large: 413,
  unsupported_media_type: 415,
  validation_error: 422,
  rate_limited: 429,
  internal_error: 500,
  unsupported_by_provider: 501,
  upstream_error: 502,
  upstream_auth_failed: 502,
  upstream_unavailable: 503,
  upstream_rate_limited: 503,
  incomplete: 503,
  upstream_timeout: 504,
} as const;
export type ErrorCode = keyof typeof errorStatus;
export const errorCodes = Object.keys(errorStatus) as [ErrorCode, ...ErrorCode[]];

export const ErrorDetail = z.object({ field: z.string(), message: z.string() });
export type ErrorDetail = z.infer<typeof ErrorDetail>;

export const ErrorBody = z
  .object({
    error: z.object({
      code: z.enum(errorCodes),
      message: z.string(),
      status: z.number().int(),
      details: z.array(ErrorDetail),
      source: z
        .object({
          connection: z.string(),
          provider: z.string(),
          upstream_status: z.number().int().nullable(),
          upstream_code: z.string().nullable(),
        })
        .optional()
        .describe('the upstream that the error comes from'),
    }),
    operation: OperationBlock.optional().describe('how far a change got, and what it left behind'),
    requestId: z.string(),
  })
  .meta({ id: 'Error' });
export type ErrorBody = z.infer<typeof ErrorBody>;

export const sourceStates = ['fresh', 'stale', 'failing', 'never_synced'] as const;
export type SourceState = (typeof sourceStates)[number];

/** How far one connection's part of an answer can be trusted. */
export const Source = z
  .object({
    connection: z.string(),
    provider: z.string(),
    state: z.enum(sourceStates),
    observed_at: Instant.nullable().describe('when the last finished walk of the upstream began'),
    error: z.object({ code: z.string(), message: z.string() }).optional(),
  })
  .meta({ id: 'Source' });
export type Source = z.infer<typeof Source>;

export const Pagination = z
  .object({
    page: z.number().int().nullable().describe('null where a cursor was used'),
    limit: z.number().int(),
    total: z.number().int(),
    pages: z.number().int(),
    next_cursor: z.string().nullable(),
  })
  .meta({ id: 'Pagination' });
export type Pagination = z.infer<typeof Pagination>;

/** The answer to a list of `item`s. */
export function listAnswer<T extends z.ZodType>(item: T) {
  return z.object({
    data: z.array(item),
    pagination: Pagination,
    sources: z.array(Source),
    requestId: z.string(),
  });
}

/** The answer to a list of `item`s that is walked by cursor alone: nobody counts what only grows. */
export function walkAnswer<T extends z.ZodType>(item: T) {
  return z.object({
    data: z.array(item),
    pagination: z.object({ limit: z.number().int(), next_cursor: z.string().nullable() }),
    requestId: z.string(),
  });
}

/** The answer to a read of one `item`; gateway-owned things have no source. */
export function oneAnswer<T extends z.ZodType>(item: T) {
  return z.object({ data: item, source: Source.optional(), requestId: z.string() });
}

/** The answer to a change of one `item`. */
export function writeAnswer<T extends z.ZodType>(item: T) {
  return z.object({ data: item, source: Source, operation: OperationBlock, requestId: z.string() });
}

/** The answer to a read of a log of `item`s. */
export function pageAnswer<T extends z.ZodType>(item: T) {
  return z.object({
    data: z.array(item),
    pagination: z.object({
      limit: z.number().int(),
      next_cursor: z.string().nullable().describe('to be asked with as `after`; null: nothing was there yet'),
      more: z.boolean().describe('whether more is there already'),
    }),
    requestId: z.string(),
  });
}
