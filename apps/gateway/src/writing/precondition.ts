import { type AnyRecord, encodeId, isFault, type Key, type Kind } from '@fleetgate/model';
import type { Call } from '@fleetgate/provider-spec';
import { ApiError, noSuch } from '../answers/api-error.ts';
import type { Connection } from '../connections/connection.ts';
import type { Inventory } from '../inventory/inventory.ts';
import { facetFor } from './settled.ts';

/**
 * Holds `If-Match` against the resource as the upstream has it at this moment, and gives back what was found, for upstreams
 * that check versions of their own. Undefined: nothing was asked for. Rejects with `precondition_failed`, or `Fault`.
 */
export async function assertMatches(
  ifMatch: string | undefined,
  { connection, kind, key, call, inventory }: Subject,
): Promise<AnyRecord | undefined> {
  if (ifMatch === undefined) return undefined;
  const asked = Date.now();
  let record: AnyRecord;
  try {
    record = await facetFor(connection, kind).get({ key }, call);
  } catch (error) {
    if (isFault(error, 'not_found')) {
      await inventory.vanish(connection, kind, key, asked);
      throw noSuch(kind.replace('_', ' '));
    }
    throw error;
  }
  const current = await inventory.observe(connection, kind, record, false, asked);
  if (ifMatch.trim() === '*') return record;
  // The same resource has another tag where its native form is shown with it; either is a tag of this state.
  const whole = await inventory.get(encodeId(kind, connection.slug, key), true);
  const tags = ifMatch.split(',').map((tag) => tag.trim());
  if (tags.includes(`"${current.etag}"`) || (whole && tags.includes(`"${whole.etag}"`))) return record;
  throw new ApiError('precondition_failed', `this ${kind.replace('_', ' ')} has changed since it was read`, {
    details: [{ field: 'If-Match', message: `the present tag is "${current.etag}"` }],
    headers: { etag: `"${current.etag}"` },
  });
}

interface Subject {
  readonly connection: Connection;
  readonly kind: Kind;
  readonly key: Key;
  readonly call: Call;
  readonly inventory: Inventory;
}
