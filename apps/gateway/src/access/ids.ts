import { uuidv7 } from '../http/request-id.ts';

/** Ids of what the gateway itself owns: they sort by the time at which they were made. */
export function newId(kind: 'team' | 'user' | 'key' | 'session' | 'audit' | 'client' | 'hook'): string {
  return `${kind}_${uuidv7()}`;
}
