import type { ErrorDetail } from '@fleetgate/model';
import { StandardSchemaValidationPipe } from '@nestjs/common';
import { ApiError } from '../answers/api-error.ts';

/** An issue as zod reports it; other standard schemas have no `code`. */
interface Issue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
  readonly code?: string;
  readonly keys?: readonly string[];
}

/** Checks a body or query against its zod schema; every offending field is named, unknown ones too. */
export const validated = new StandardSchemaValidationPipe({
  exceptionFactory: (issues: readonly Issue[]) => invalid(issues),
});

/** For routes that take no body: whatever is in one is named. */
export function refuseBody(body: unknown): void {
  if (body === undefined || body === null) return;
  const names = typeof body === 'object' && !Array.isArray(body) ? Object.keys(body) : ['body'];
  if (names.length === 0) return;
  const details = names.map((field) => ({ field, message: 'is not known here' }));
  throw new ApiError('validation_error', `not valid: ${names.join(', ').slice(0, 1000)}`, { details });
}

export function invalid(issues: readonly Issue[]): ApiError {
  const details = issues.flatMap(detailsOf);
  const fields = [...new Set(details.map(({ field }) => field))];
  return new ApiError('validation_error', `not valid: ${fields.join(', ')}`, { details });
}

function detailsOf(issue: Issue): ErrorDetail[] {
  const path = (issue.path ?? []).map((part) => String(typeof part === 'object' ? part.key : part));
  if (issue.code === 'unrecognized_keys') {
    return (issue.keys ?? []).map((key) => ({
      field: [...path, key].join('.'),
      message: 'is not known here',
    }));
  }
  return [{ field: path.join('.') || 'body', message: issue.message }];
}
