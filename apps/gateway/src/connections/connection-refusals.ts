import { ApiError } from '../answers/api-error.ts';
import type { Refusal } from './connection-store.ts';

/** Changes of what stands in the file. */
export function stillFile(slug: string): ApiError {
  return new ApiError(
    'conflict',
    `${slug} comes from the file of connections (FLEETGATE_CONFIG): it can be changed there, and nowhere else`,
  );
}

export function slugTaken(slug: string): ApiError {
  return new ApiError('conflict', `the slug ${slug} is taken`, {
    details: [{ field: 'slug', message: 'is taken' }],
  });
}

export function notInserted(refusal: Refusal, row: { slug: string; team: string | null }): ApiError {
  if (refusal === 'taken') return slugTaken(row.slug);
  if (refusal === 'too many')
    return new ApiError('conflict', `the team ${row.team} has as many connections as it may have`);
  return new ApiError(
    'conflict',
    `what was ${row.slug} before is still being removed: try again in a minute`,
    { details: [{ field: 'slug', message: 'is still being removed' }] },
  );
}
