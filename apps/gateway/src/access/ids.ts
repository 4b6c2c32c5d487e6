import { v7 } from 'uuid';

/** Ids of what the gateway itself owns: the kind, and a UUIDv7 without its hyphens. They sort by the time they were made. */
export function newId(kind: 'team' | 'user' | 'key' | 'session' | 'audit' | 'client'): string {
  return `${kind}_${v7().replaceAll('-', '')}`;
}
