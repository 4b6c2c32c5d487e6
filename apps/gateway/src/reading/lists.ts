import { hash } from 'node:crypto';
import { type Kind, type Pagination, type Source } from '@fleetgate/model';
import { Injectable } from '@nestjs/common';
import type { Principal } from '../access/principal.ts';
import { ApiError, invalidField, noSuch } from '../answers/api-error.ts';
import { unsupported } from '../answers/upstream-errors.ts';
import { Inventory, type ListQuery, type ListResult } from '../inventory/inventory.ts';
import { Revisions } from '../inventory/revisions.ts';
import { Sources } from '../inventory/sources.ts';
import { Cursors } from './cursor.ts';
import { type ListParameters, sortOfParameter } from './list-query.ts';
import { holds, listCapability, readScope, Scope } from './scope.ts';

/** A list as it goes out: everything but the request id, which is written behind it. */
export interface ListAnswer {
  /** JSON text up to and without `,"requestId":…}` */
  readonly text: string;
  readonly etag: string;
  /** false: a source is missing from it */
  readonly complete: boolean;
  /** the state of the inventory that it shows, and until when (ms since the epoch) it can be shown again */
  readonly revision: number;
  readonly kinds: readonly Kind[];
  readonly validUntil: number;
}

export interface Nested {
  /** id of the project or deployment that holds the listed things */
  parent?: string;
  /** id of the cluster that the listed deployments run on */
  target?: string;
}

/** Kinds whose rows show up in a list of the key's kind: projects tell of their deployments, these of their releases. */
const shownKinds: Record<Kind, readonly Kind[]> = {
  project: ['project', 'deployment'],
  cluster: ['cluster'],
  cluster_group: ['cluster_group'],
  deployment: ['deployment', 'release'],
  release: ['release'],
};

/** How long a list waits for the refresh that `max_stale` asks for, in milliseconds. */
const refreshDeadline = 10_000;
/** As long as that, or as its caller waits. */
const patienceOf = (deadlineAt = Number.POSITIVE_INFINITY) =>
  Math.max(1, Math.min(refreshDeadline, deadlineAt - Date.now()));
const missing = (source: Source) => source.state === 'failing' || source.state === 'never_synced';

@Injectable()
export class Lists {
  constructor(
    private readonly inventory: Inventory,
    private readonly sources: Sources,
    private readonly revisions: Revisions,
    private readonly scope: Scope,
    private readonly cursors: Cursors,
  ) {}

  async answer(
    kind: Kind,
    parameters: ListParameters,
    principal: Principal,
    nested: Nested = {},
    deadlineAt?: number,
  ): Promise<ListAnswer> {
    const connections = this.connectionsOf(kind, parameters, principal, nested);
    const slugs = connections.map(({ slug }) => slug);
    const narrowed = this.scope.areAll(connections, kind) ? undefined : slugs;
    const own = parameters.team !== undefined && this.scope.ownTeam(parameters.team, principal) !== undefined;
    const query = this.storeQuery(kind, { ...parameters, ...(own && { team: undefined }) }, nested, narrowed);
    const identity = this.identityOf(parameters, query, principal);
    const from = position(parameters, () => this.cursors.open(identity, parameters.cursor as string));

    if (parameters.max_stale !== undefined && !parameters.cached) {
      await this.sources.refresh(
        slugs,
        parameters.max_stale * 1000,
        AbortSignal.timeout(patienceOf(deadlineAt)),
      );
    }
    // Read before the rows: an answer may then be newer than its revision says, never older.
    const revision = this.revisions.of(shownKinds[kind]);
    const validUntil = this.sources.expiry(kind, slugs);
    const sources = this.sources.of(kind, slugs);
    this.refuseIncomplete(parameters.require, sources, slugs);

    const result = slugs.length === 0 ? nothing : await this.inventory.list({ ...query, from });
    if (result.total === 0 && sources.length > 0 && sources.every(missing)) throw incomplete(sources);
    if (result.total === 0) await this.assertOuter(kind, nested, slugs);

    const pagination: Pagination = {
      page: 'page' in from ? from.page : null,
      limit: query.limit,
      total: result.total,
      pages: Math.ceil(result.total / query.limit),
      next_cursor: result.more && result.last ? this.cursors.seal(identity, result.last) : null,
    };
    const tail = `],"pagination":${JSON.stringify(pagination)},"sources":${JSON.stringify(sources)}`;
    const states = sources.map(({ connection, state }) => `${connection}=${state}`).join();
    return {
      text: `{"data":[${result.rows.join(',')}${tail}`,
      etag: weakTag([
        identity,
        JSON.stringify([from, query.limit]),
        states,
        this.revisions.data(shownKinds[kind]),
      ]),
      complete: !sources.some(missing),
      revision,
      kinds: shownKinds[kind],
      validUntil,
    };
  }

  /** A nested list is about the one connection that holds the outer resource. */
  private connectionsOf(kind: Kind, parameters: ListParameters, principal: Principal, nested: Nested) {
    const connections = this.scope.ofList(kind, parameters, principal);
    const outer = outerOf(kind, nested);
    if (outer === undefined) return connections;
    const { connection } = this.scope.ofId(outer.kind, outer.id, principal, readScope[kind]);
    if (!holds(connection, kind)) throw unsupported(connection, listCapability(kind));
    return connections.filter(({ slug }) => slug === connection.slug);
  }

  /** Nothing under something that is there is an empty list; under something that is not, it is a wrong id. */
  private async assertOuter(kind: Kind, nested: Nested, slugs: readonly string[]): Promise<void> {
    const outer = outerOf(kind, nested);
    if (!outer || (await this.inventory.get(outer.id, false))) return;
    const lacking = this.sources.of(outer.kind, slugs).filter(missing);
    if (lacking.length > 0) throw incomplete(lacking); // nobody can tell
    throw noSuch(outer.kind);
  }

  /** What makes it this list, as long as the caller may see the same; connections that come and go do not make it another. */
  private identityOf(
    { connection, provider, team }: ListParameters,
    query: Omit<ListQuery, 'from'>,
    principal: Principal,
  ): string {
    const filters = { ...query, connections: [connection, provider, team], limit: 0 };
    return JSON.stringify([this.scope.rightsOf(principal), filters]);
  }

  private storeQuery(
    kind: Kind,
    parameters: ListParameters,
    nested: Nested,
    connections: readonly string[] | undefined,
  ): Omit<ListQuery, 'from'> {
    const { status, team, q, project, cluster, updated_since } = parameters;
    if (nested.parent && project) throw invalidField('project', 'is given by the path already');
    if (nested.target && cluster) throw invalidField('cluster', 'is given by the path already');
    const parent = nested.parent ?? project;
    const target = nested.target ?? cluster;
    return {
      kind,
      ...(connections ? { connections } : {}),
      ...(status ? { status } : {}),
      ...(team ? { team } : {}),
      ...(parent ? { parent } : {}),
      ...(target ? { target } : {}),
      labels: parameters.label ?? [],
      ...(q ? { q } : {}),
      ...(updated_since ? { updatedSince: updated_since } : {}),
      sort: sortOfParameter(parameters.sort),
      limit: parameters.limit,
      native: parameters.include === 'native',
    };
  }

  private refuseIncomplete(
    required: string | undefined,
    sources: readonly Source[],
    slugs: readonly string[],
  ) {
    if (required === undefined) return;
    const named = required === 'complete' ? slugs : required.split(',').map((slug) => slug.trim());
    const unknown = named.filter((slug) => !slugs.includes(slug));
    if (unknown.length > 0) {
      throw invalidField(
        'require',
        `must be complete, or connections of this list: not ${unknown.join(', ')}`,
      );
    }
    const lacking = sources.filter((source) => named.includes(source.connection) && missing(source));
    if (lacking.length > 0) throw incomplete(lacking);
  }
}

function outerOf(kind: Kind, { parent, target }: Nested): { kind: Kind; id: string } | undefined {
  if (target !== undefined) return { kind: 'cluster', id: target };
  if (parent === undefined) return undefined;
  return { kind: kind === 'release' ? 'deployment' : 'project', id: parent };
}

const nothing: ListResult = { rows: [], total: 0, more: false };

function position<T>(parameters: ListParameters, open: () => T): { page: number } | { after: T } {
  if (parameters.cursor === undefined) return { page: parameters.page ?? 1 };
  if (parameters.page !== undefined) throw invalidField('page', 'cannot go together with cursor');
  return { after: open() };
}

function incomplete(sources: readonly Source[]): ApiError {
  return new ApiError(
    'incomplete',
    `no current answer from ${sources.map((source) => source.connection).join(', ')}`,
    {
      retryAfterSeconds: 5,
      details: sources.map(({ connection, state, error }) => ({
        field: connection,
        message: error ? `${state}: ${error.message}` : state,
      })),
    },
  );
}

function weakTag(parts: readonly unknown[]): string {
  return `W/"${hash('sha1', parts.join('\n'), 'base64url')}"`;
}
