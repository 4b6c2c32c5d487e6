import { hash } from 'node:crypto';
import { type Address, decodeId, type Kind } from '@fleetgate/model';
import { facetOf } from '@fleetgate/provider-spec';
import { Inject, Injectable } from '@nestjs/common';
import { grantIn, may, type Principal } from '../access/principal.ts';
import { scopeMissing } from '../access/refusals.ts';
import { type Scope as AccessScope, scopes } from '../access/scopes.ts';
import { invalidField, noSuch } from '../answers/api-error.ts';
import { unsupported } from '../answers/upstream-errors.ts';
import { CONNECTIONS, type Connection, type Connections } from '../connections/connection.ts';
import { installedProviders } from '../connections/installed.ts';

/** The upstream operation behind a list of each kind, as capabilities are named. */
export const listCapability = (kind: Kind) => `${facetOf[kind]}.list`;

/** What has to be held to read resources of each kind. */
export const readScope = {
  project: 'projects:read',
  cluster: 'clusters:read',
  cluster_group: 'clusters:read',
  deployment: 'deployments:read',
  release: 'deployments:read',
} as const satisfies Record<Kind, AccessScope>;

/** What has to be held to change resources of each kind. */
export const writeScope = {
  project: 'projects:write',
  cluster: 'clusters:write',
  cluster_group: 'clusters:write',
  deployment: 'deployments:write',
  release: 'deployments:write',
} as const satisfies Record<Kind, AccessScope>;

/** Where a resource lives. */
export interface Place {
  readonly connection: Connection;
  readonly address: Address;
}

interface Sight {
  readonly connections: readonly Connection[];
  readonly digest: string;
}

interface ListFilter {
  readonly provider?: string | undefined;
  readonly connection?: string | undefined;
  readonly team?: string | undefined;
}

/** Which connections a caller may see, and which of them an answer is about. */
@Injectable()
export class Scope {
  readonly #rights = new WeakMap<Principal, string>();
  readonly #sights = new WeakMap<Principal, Sight>();

  constructor(@Inject(CONNECTIONS) private readonly connections: Connections) {}

  /** Connections of teams in which the caller holds one of those scopes, and those of everyone. */
  visible(principal: Principal, ...any: readonly AccessScope[]): readonly Connection[] {
    const all = this.connections.all();
    if (principal.everything) return all;
    return all.filter(({ team }) => any.some((scope) => may(principal, scope, team)));
  }

  /** The visible connection of that slug, if the caller holds that scope there too: else 404 or 403. */
  named(slug: string, principal: Principal, scope: AccessScope): Connection {
    const connection = this.connections.find(slug);
    const scopes: AccessScope[] = ['connections:read', scope];
    const seen = connection && scopes.some((one) => may(principal, one, connection.team));
    if (!seen) throw noSuch('connection');
    return allowed(connection, principal, scope);
  }

  /**
   * What the caller may do and where, as a short text: the same for everyone who may do the same. What was given to one of
   * them (a cursor) is good for all of them, and for nobody else.
   */
  rightsOf(principal: Principal): string {
    let rights = this.#rights.get(principal);
    if (rights === undefined) {
      rights = principal.everything ? 'everything' : hash('sha256', rightsText(principal), 'base64url');
      this.#rights.set(principal, rights);
    }
    return rights;
  }

  /**
   * Stands for everything that a caller may see: the rights, and the connections that there are. What was made for one is
   * given to every other with the same sight, so two that may not see exactly the same must never have the same.
   */
  sightOf(principal: Principal): string {
    const connections = this.connections.all();
    const known = this.#sights.get(principal);
    if (known?.connections === connections) return known.digest;
    const slugs = connections.map(({ slug, team }) => [slug, team]);
    const digest = hash('sha256', `${this.rightsOf(principal)} ${JSON.stringify(slugs)}`, 'base64url');
    this.#sights.set(principal, { connections, digest });
    return digest;
  }

  /** The visible connections that can hold this kind, narrowed by the filters of a list. */
  ofList(kind: Kind, filter: ListFilter, principal: Principal): readonly Connection[] {
    const visible = this.visible(principal, readScope[kind]);
    const { provider, connection, team } = filter;
    if (provider !== undefined && !installedProviders.some(({ id }) => id === provider)) {
      const known = installedProviders.map(({ id }) => id).join(', ');
      throw invalidField('provider', `must be one of ${known}`);
    }
    if (connection !== undefined) {
      const named = visible.find(({ slug }) => slug === connection);
      if (!named) throw invalidField('connection', 'no such connection');
      if (!holds(named, kind)) throw unsupported(named, listCapability(kind));
    }
    const own = team === undefined ? undefined : this.ownTeam(team, principal);
    return visible.filter(
      (one) =>
        holds(one, kind) &&
        (connection === undefined || one.slug === connection) &&
        (provider === undefined || one.definition.id === provider) &&
        (own === undefined || one.team === own),
    );
  }

  /** The slug of the caller's team of that slug or id, whose connections `?team=` then selects; undefined: it is an upstream's team. */
  ownTeam(team: string, principal: Principal): string | undefined {
    if (!principal.everything) return grantIn(principal, team)?.team.slug;
    return this.connections.all().some((one) => one.team === team) ? team : undefined;
  }

  /** true: these are all the connections that hold this kind, whoever asks, so that a list needs no narrowing. */
  areAll(connections: readonly Connection[], kind: Kind): boolean {
    return connections.length === this.connections.all().filter((one) => holds(one, kind)).length;
  }

  /** Where the resource of that id lives; `not_found` for an id that names nothing the caller may see. */
  ofId(kind: Kind, id: string, principal: Principal, ...any: readonly AccessScope[]): Place {
    const address = decodeId(id);
    const connection = address?.kind === kind ? this.connections.find(address.connection) : undefined;
    const scopes = any.length > 0 ? any : [readScope[kind]];
    const seen = connection && scopes.some((scope) => may(principal, scope, connection.team));
    if (!address || !seen || !holds(connection, kind)) throw noSuch(wordFor[kind]);
    return { connection, address };
  }

  /** The same for who means to do more than read: `forbidden` for what it may see, but not do that to. */
  ofIdFor(scope: AccessScope, kind: Kind, id: string, principal: Principal): Place {
    const place = this.ofId(kind, id, principal, readScope[kind], scope);
    allowed(place.connection, principal, scope);
    return place;
  }
}

function allowed(connection: Connection, principal: Principal, scope: AccessScope): Connection {
  if (may(principal, scope, connection.team)) return connection;
  throw scopeMissing(scope, connection.team ?? undefined);
}

function rightsText({ grants }: Principal): string {
  const rights = grants.map(({ team, scopes: held }) => [
    team.id,
    team.slug,
    ...scopes.filter((one) => held.has(one)),
  ]);
  return JSON.stringify(rights.sort(([a = ''], [b = '']) => (a < b ? -1 : 1)));
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
