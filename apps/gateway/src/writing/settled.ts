import type { AnyRecord, Kind } from '@fleetgate/model';
import { type Facet, facetOf } from '@fleetgate/provider-spec';
import type { Connection } from '../connections/connection.ts';

/** What the upstream is still at work on, in our words. */
const unsettled: ReadonlySet<string> = new Set(['queued', 'running', 'pending', 'provisioning', 'deleting']);

/** Of a record, or of a resource. */
export function isSettled(record: object): boolean {
  return !('status' in record) || !unsettled.has(String(record.status));
}

export function facetFor(connection: Connection, kind: Kind): Facet<AnyRecord> {
  const facet = connection.provider[facetOf[kind]];
  if (!facet) throw new Error(`${connection.slug} has no ${facetOf[kind]}`);
  return facet as Facet<AnyRecord>;
}
