import { decodeId, type Key, type Kind } from '@fleetgate/model';
import type { WriteOperation } from '@fleetgate/provider-spec';
import { facetOf } from '@fleetgate/provider-spec';
import { ApiError, invalidField } from '../answers/api-error.ts';
import type { Connection } from '../connections/connection.ts';
import { canDo } from './write-input.ts';

/** Where something new is to be made: the connection that was named, or the only one that can do it. */
export function connectionFor(
  kind: Kind,
  action: WriteOperation,
  named: string | undefined,
  visible: readonly Connection[],
): Connection {
  if (named !== undefined) {
    const connection = visible.find(({ slug }) => slug === named);
    if (!connection) throw invalidField('connection', 'no such connection');
    return connection;
  }
  const able = visible.filter((one) => canDo(one, kind, action));
  const [only, ...others] = able;
  if (only && others.length === 0) return only;
  if (!only) {
    throw new ApiError('unsupported_by_provider', `no connection has ${facetOf[kind]}.${action}`, {
      details: [{ field: 'capability', message: `${facetOf[kind]}.${action}` }],
    });
  }
  throw invalidField('connection', `must be named: one of ${able.map(({ slug }) => slug).join(', ')}`);
}

/** The upstream's key of something that the input names by its id; it must be at the same connection. */
export function keyIn(connection: Connection, kinds: readonly Kind[], id: string, field: string): Key {
  const address = decodeId(id);
  if (!address || !kinds.includes(address.kind)) {
    throw invalidField(field, `must be the id of a ${kinds.join(' or ').replaceAll('_', ' ')}`);
  }
  if (address.connection !== connection.slug) {
    throw invalidField(field, `must be at the same connection, ${connection.slug}`);
  }
  return address.key;
}
