import { hash as digest } from 'node:crypto';
import { type AnyRecord, decodeId, encodeId, type Key, type Kind } from '@fleetgate/model';
import { Injectable } from '@nestjs/common';
import type { Connection } from '../connections/connection.ts';
import { Database } from '../database/database.ts';
import { Freshness } from './freshness.ts';
import { planOf } from './list-plan.ts';
import { canMatch, filtersOf, type ListQuery, type Position } from './list-query.ts';
import { oneStatement, type PageRow, pageStatement, type Slice } from './list-statement.ts';
import { type Row, rowOf } from './records.ts';
import { othersText, resourceText } from './resource-text.ts';
import { Revisions } from './revisions.ts';
import { Sources } from './sources.ts';
import { Totals } from './totals.ts';
import { lockConnection, markGone, type Origin, write } from './writer.ts';

export type { ListQuery, Position };

export interface ListResult {
  /** finished JSON texts of the resources */
  readonly rows: readonly string[];
  readonly total: number;
  /** position of the last row; absent when there is none */
  readonly last?: Position;
  /** whether rows follow the last */
  readonly more: boolean;
}

export interface StoredResource {
  /** finished JSON text */
  readonly text: string;
  /** equal as long as the resource is, whenever it was observed */
  readonly etag: string;
  /** milliseconds since the epoch */
  readonly observedAtMs: number;
}

/** Columns of a row before those that tell of other rows. */
const ownColumns = 6;
/** A page that costs the database more than this, by the plan (microseconds), is read on a session of its own. */
const quickCost = 20_000;
const noExtras: readonly unknown[] = [];

const nothing: ListResult = { rows: [], total: 0, more: false };

/** The gateway's own copy of every resource of every connection. */
@Injectable()
export class Inventory {
  constructor(
    private readonly database: Database,
    private readonly totals: Totals,
    private readonly sources: Sources,
    private readonly revisions: Revisions,
    private readonly freshness: Freshness,
  ) {}

  /** One page of a list. Rejects with `Fault` `invalid`, field `cursor`, a position that the list cannot have given. */
  async list(asked: ListQuery): Promise<ListResult> {
    const query = this.#confined(asked);
    if (!canMatch(query) || query.connections?.length === 0) return nothing;
    const counts = await this.totals.of(query);
    const { total } = counts;
    const offset = 'page' in query.from ? (query.from.page - 1) * query.limit : undefined;
    if (total === 0 || (offset !== undefined && offset >= total)) return { ...nothing, total };

    const slice = sliceOf(query.limit, offset, total);
    const filters = filtersOf(query);
    const { plan, cost } = planOf(
      {
        filters,
        connections: query.connections?.length,
        field: query.sort.field,
        depth: (slice.offset ?? 0) + slice.limit,
      },
      counts,
    );
    const statement = pageStatement(query, plan, slice);
    const found = await (cost <= quickCost
      ? this.database.quickTuples<PageRow>(statement)
      : this.database.tuples<PageRow>(statement));
    if (slice.backwards) found.reverse();
    const more = offset === undefined ? found.length > query.limit : offset + found.length < total;
    if (found.length > query.limit) found.length = query.limit;
    const last = found.at(-1);
    return {
      rows: found.map((row) => this.#text(query.kind, row)),
      total,
      ...(last ? { last: positionOf(query, last) } : {}),
      more,
    };
  }

  /** One resource; undefined when there is none of that id, or it is gone. */
  async get(id: string, native: boolean): Promise<StoredResource | undefined> {
    return (await this.#read(id, native))?.resource;
  }

  /**
   * Takes in what was just read from the upstream, or written to it, and resolves to the resource as `get` then gives it.
   * Nothing is written, and nobody waits, when the upstream told nothing new. `asOfMs` is when the upstream was asked: what
   * is known from later on stays. `requestId`: of the request of ours that changed it.
   */
  async observe(
    connection: Connection,
    kind: Kind,
    record: AnyRecord,
    native = false,
    asOfMs: number = this.freshness.now(),
    requestId?: string,
  ): Promise<StoredResource> {
    const row = rowOf(connection, kind, record);
    const before = await this.#read(row.id, native);
    if (before?.hash === row.hash) {
      this.freshness.note(row.id, asOfMs);
      return { ...before.resource, ...this.#fresher(kind, before.row, asOfMs) };
    }
    await this.#apply(connection, kind, row, asOfMs, this.#origin(connection, kind, requestId));
    const after = await this.#read(row.id, native);
    // Gone again in between, by a later call than this: what the upstream told is still the answer to this one.
    return after?.resource ?? this.#unstored(kind, row, native, asOfMs);
  }

  /** Takes in that the upstream has that object no more. `asOfMs` as for `observe`. */
  async vanish(
    connection: Connection,
    kind: Kind,
    key: Key,
    asOfMs: number = this.freshness.now(),
    requestId?: string,
  ): Promise<void> {
    const origin = this.#origin(connection, kind, requestId);
    const id = encodeId(kind, connection.slug, key);
    const revision = await this.database.transaction(async (client) => {
      await lockConnection(client, connection);
      return (await markGone(client, connection.slug, kind, [id], asOfMs, origin)).revision;
    });
    if (revision !== undefined) this.revisions.note(connection.slug, kind, revision);
  }

  /** Ids of resources that hang on that one: deployments of a project, releases of a deployment. At most `limit`. */
  async childrenOf(id: string, limit: number): Promise<string[]> {
    const rows = await this.database.tuples<[string]>({
      name: 'children',
      text: 'SELECT id FROM resource WHERE parent_id = $1 AND gone_at IS NULL ORDER BY kind, created_at, id LIMIT $2',
      values: [id, limit],
    });
    return rows.map(([child]) => child);
  }

  async #apply(connection: Connection, kind: Kind, row: Row, asOfMs: number, origin: Origin): Promise<void> {
    const { revision } = await this.database.transaction(async (client) => {
      await lockConnection(client, connection);
      return write(client, connection.slug, kind, [row], asOfMs, origin);
    });
    if (revision !== undefined) this.revisions.note(connection.slug, kind, revision);
  }

  /** What is read before the first walk has shown everything is not new, but new to us. */
  #origin({ slug }: Connection, kind: Kind, requestId: string | undefined): Origin {
    const walked = Number.isFinite(this.sources.walkedAt(slug, kind));
    return { quiet: !walked && requestId === undefined, requestId };
  }

  async #read(id: string, native: boolean) {
    const address = id.includes('\0') ? undefined : decodeId(id);
    if (!address) return undefined;
    const { kind } = address;
    const [row] = await this.database.quickTuples<PageRow>(oneStatement(kind, id, native));
    if (!row) return undefined;
    const [, hash, , , , , ...extras] = row;
    const etag = `${hash}${native ? 'n' : ''}${shortHash(othersText(kind, extras))}`;
    const observedAtMs = this.#observed(kind, row);
    return { row, hash, resource: { text: this.#text(kind, row), etag, observedAtMs } };
  }

  #fresher(kind: Kind, row: PageRow, observedMs: number): Pick<StoredResource, 'text' | 'observedAtMs'> {
    const observedAtMs = Math.max(observedMs, this.#observed(kind, row));
    return { observedAtMs, text: this.#text(kind, row, observedAtMs) };
  }

  #unstored(kind: Kind, row: Row, native: boolean, observedMs: number): StoredResource {
    const extras = kind === 'deployment' ? [row.latest, null, null, null] : [0, null, null, null];
    const text = resourceText(kind, {
      body: row.body,
      observedMs,
      native: native ? row.native : null,
      extras,
    });
    return { text, etag: row.hash, observedAtMs: observedMs };
  }

  #text(kind: Kind, row: PageRow, observedMs = this.#observed(kind, row)): string {
    // By index: taking a row apart by iteration costs as much as all the rest, and a page has a hundred.
    const extras = row.length > ownColumns ? row.slice(ownColumns) : noExtras;
    return resourceText(kind, { body: row[2], observedMs, native: row[5], extras });
  }

  #observed(kind: Kind, row: PageRow): number {
    return this.freshness.observed(row[0], row[3], kind, row[4]);
  }

  /** Rows of connections that are no longer configured are not shown while they are being removed. */
  #confined(query: ListQuery): ListQuery {
    const known = this.sources.confined();
    if (!known) return query;
    const { connections } = query;
    return {
      ...query,
      connections: connections ? connections.filter((slug) => known.includes(slug)) : known,
    };
  }
}

/** A page past the middle is read from the end. */
function sliceOf(limit: number, offset: number | undefined, total: number): Slice {
  if (offset === undefined) return { offset, limit: limit + 1, backwards: false };
  const size = Math.min(limit, total - offset);
  const behind = total - offset - size;
  return behind < offset
    ? { offset: behind, limit: size, backwards: true }
    : { offset, limit: size, backwards: false };
}

function positionOf({ sort }: ListQuery, [id, value]: PageRow): Position {
  if (sort.field === 'name') return { value, id };
  const ms = Number(value);
  return { value: Number.isFinite(ms) ? new Date(ms).toISOString() : '-infinity', id };
}

function shortHash(text: string): string {
  return text === '' ? '' : `-${digest('sha256', text, 'hex').slice(0, 16)}`;
}
