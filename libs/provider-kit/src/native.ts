import { redact } from '@fleetgate/model';

/** The upstream's own object as it may be shown: without its secrets. */
export function native(object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return redact({ ...object });
}
