import { type Address, decodeId, type Kind } from '@fleetgate/model';
import { facetOf } from '@fleetgate/provider-spec';
import { Inject, Injectable } from '@nestjs/common';
import { invalidField, noSuch } from '../answers/api-error.ts';
import { unsupported } from '../answers/upstream-errors.ts';
import { CONNECTIONS, type Connection, type Connections } from '../connections/connection.ts';
import { installedProviders } from '../connections/installed.ts';
import type { Principal } from '../http/principal.ts';

/** The upstream operation behind a list of each kind, as capabilities are named. */
export const listCapability = (kind: Kind) => `${facetOf[kind]}.list`;

/** Which connections a caller may see, and which of them an answer is about. */
@Injectable()
export class Scope {
  constructor(@Inject(CONNECTIONS) private readonly connections: Connections) {}

  visible(principal: Principal): readonly Connection[] {
    const all = this.connections.all();
    const { connections } = principal;
    return connections ? all.filter(({ slug }) => connections.includes(slug)) : all;
  }

  /** The visible connections that can hold this kind, narrowed by the filters of a list. */
  ofList(
    kind: Kind,
    filter: { provider?: string | undefined; connection?: string | undefined; team?: string | undefined },
    principal: Principal,
  ): readonly Connection[] {
    const visible = this.visible(principal);
    const { provider, connection } = filter;
    if (provider !== undefined && !installedProviders.some(({ id }) => id === provider)) {
      const known = installedProviders.map(({ id }) => id).join(', ');
      throw invalidField('provider', `must be one of ${known}`);
    }
    if (connection !== undefined) {
      const named = visible.find(({ slug }) => slug === connection);
      if (!named) throw invalidField('connection', 'no such connection');
      if (!holds(named, kind)) throw unsupported(named, listCapability(kind));
    }
    return visible.filter(
      (one) =>
        holds(one, kind) &&
        (connection === undefined || one.slug === connection) &&
        (provider === undefined || one.definition.id === provider),
    );
  }

  /** true: these are all the connections that hold this kind, whoever asks, so that a list needs no narrowing. */
  areAll(connections: readonly Connection[], kind: Kind): boolean {
    return connections.length === this.connections.all().filter((one) => holds(one, kind)).length;
  }

  /** Where the resource of that id lives; `not_found` for an id that names nothing the caller may see. */
  ofId(kind: Kind, id: string, principal: Principal): { connection: Connection; address: Address } {
    const address = decodeId(id);
    const connection =
      address?.kind === kind
        ? this.visible(principal).find(({ slug }) => slug === address.connection)
        : undefined;
    if (!address || !connection || !holds(connection, kind)) throw noSuch(wordFor[kind]);
    return { connection, address };
  }
}

const wordFor: Record<Kind, string> = {
  project: 'project',
  cluster: 'cluster',
  cluster_group: 'cluster group',
  deployment: 'deployment',
  release: 'release',
};

export function holds(connection: Connection, kind: Kind): boolean {
  return connection.provider[facetOf[kind]] !== undefined;
}
