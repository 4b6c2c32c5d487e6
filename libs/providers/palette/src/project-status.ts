import type { ProjectStatus } from '@fleetgate/model';

/** The words of a clean-up are free text upstream. */
const cleanUpOver = /^(completed?|done|success(ful)?|succeeded|failed|error|none|not ?started)$/i;
const cleanUpGoesOn = /^(pending|queued|started|running|in[ -]?progress|cleaning|deleting)$/i;

export function projectStatus(
  isDisabled: boolean,
  cleanUp: string | null,
  isDeleted: boolean,
): { status: ProjectStatus; native_status: string | null } {
  const words = [...(isDisabled ? ['isDisabled'] : []), ...(cleanUp === null ? [] : [cleanUp])];
  const native_status = words.length > 0 ? words.join('/') : null;
  if (isDeleted || (cleanUp !== null && cleanUpGoesOn.test(cleanUp))) {
    return { status: 'deleting', native_status };
  }
  if (cleanUp !== null && !cleanUpOver.test(cleanUp)) return { status: 'unknown', native_status };
  return { status: isDisabled ? 'archived' : 'active', native_status };
}
