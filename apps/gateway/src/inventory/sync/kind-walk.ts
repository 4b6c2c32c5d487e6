import { type AnyRecord, decodeId, Fault, isFault, type Kind } from '@fleetgate/model';
import { walk as pagesOf, type Step } from '@fleetgate/provider-runtime';
import { type Call, type Facet, facetOf } from '@fleetgate/provider-spec';
import type { Connection } from '../../connections/connection.ts';
import type { Database } from '../../database/database.ts';
import { type Row, rowOf } from '../records.ts';
import type { Revisions } from '../revisions.ts';
import type { Timing } from '../timing.ts';
import { markGone, write } from '../writer.ts';
import type { Lease } from './lease.ts';
import { Missing } from './missing.ts';
import type { SyncSettings } from './settings.ts';
import {
  type Checkpoint,
  keepCheckpoint,
  openWalk,
  passCheckpoint,
  restartWalk,
  type WalkState,
} from './walk-state.ts';

/** Rows that may vanish in one walk without a second look, and the part of all (1 / share) that more must not exceed. */
const guard = { rows: 10, share: 2 };
/** Missing rows that are asked for one by one after a walk that may have been shifted past them. */
const mostConfirmed = 100;
/** Ids of missing rows that are held in memory at once. */
const missingAtOnce = 5_000;

/** The injection token of `WalkTools`. */
export const WALK_TOOLS = Symbol('walk tools');

export interface WalkTools {
  readonly database: Database;
  readonly revisions: Revisions;
  readonly timing: Timing;
  readonly settings: SyncSettings;
}

export type WalkEnd =
  /** `whole`: whatever it has not seen is gone by now */
  | { readonly how: 'finished'; readonly state: WalkState; readonly whole: boolean; readonly written: number }
  | { readonly how: 'suspected'; readonly missing: number; readonly live: number }
  /** it was asked to stop, after a page that is stored */
  | { readonly how: 'stopped' };

/** One walk over one kind of one connection. Rejects with `Fault` when the upstream fails, with `LeaseLost`. */
export class KindWalk {
  readonly #facet: Facet<AnyRecord>;
  #written = 0;

  constructor(
    private readonly tools: WalkTools,
    private readonly lease: Lease,
    private readonly connection: Connection,
    private readonly kind: Kind,
    private readonly call: Call,
    /** aborted: store the page that is here, wait for no other, and stop */
    private readonly stopping: AbortSignal,
  ) {
    this.#facet = connection.provider[facetOf[kind]] as Facet<AnyRecord>;
  }

  async run(): Promise<WalkEnd> {
    const { database, timing } = this.tools;
    const opened = await openWalk(database, this.lease, this.kind, timing.clock.now());
    try {
      return await this.#walk(opened);
    } catch (error) {
      if (!(opened.resumed && opened.cursor !== null && isFault(error, 'invalid'))) throw error;
      return this.#walk(await this.#restart()); // the upstream has forgotten the cursor that it was left at
    }
  }

  async #walk(opened: WalkState): Promise<WalkEnd> {
    let state = opened;
    if (state.phase === 'pages') {
      const read = await this.#read(state);
      if (!read) return { how: 'stopped' };
      state = read;
    }
    const missing = new Missing(this.tools.database, this.connection.slug, this.kind, state);
    if (!(await missing.isWhole())) return this.#walk(await this.#restart());
    if (state.shifted) return this.#finish(state, await this.#confirm(missing, state));
    if (state.phase === 'ended') {
      const { missing: count, live } = await missing.count();
      const suspicious = count > guard.rows && count * guard.share > live;
      if (suspicious && !state.suspect && !this.lease.confirmed)
        return { how: 'suspected', missing: count, live };
      if (count > 0) state = await this.#decide(state);
    }
    if (state.phase === 'gone' && !(await this.#bury(missing, state))) return { how: 'stopped' };
    return this.#finish(state, true);
  }

  #finish(state: WalkState, whole: boolean): WalkEnd {
    return { how: 'finished', state, whole, written: this.#written };
  }

  #restart(): Promise<WalkState> {
    return restartWalk(this.tools.database, this.lease, this.kind, this.tools.timing.clock.now());
  }

  /** Reads pages to the end, each while the one before is being stored. Undefined: stopped before. */
  async #read(opened: WalkState): Promise<WalkState | undefined> {
    const { clock } = this.tools.timing;
    const ended = new AbortController();
    const signal = AbortSignal.any([this.call.signal, this.stopping, ended.signal]);
    const pages = pagesOf(
      this.#facet.list,
      { ...this.call, signal },
      { ...(opened.cursor === null ? {} : { from: opened.cursor }), limit: this.tools.settings.pageSize },
    );
    let state = opened;
    let asked = clock.now();
    let coming = this.#ask(pages);
    try {
      while (true) {
        const step = await coming;
        if (step === undefined) return undefined;
        const askedMs = asked;
        const last = step.page.next === undefined;
        if (!last && !this.stopping.aborted) {
          asked = clock.now();
          coming = this.#ask(pages);
        }
        state = await this.#store(state, step, askedMs);
        if (last) return state;
        if (this.stopping.aborted) return undefined;
      }
    } finally {
      ended.abort();
      await coming.catch(() => undefined); // a page that nobody waits for any more: what it would have failed with is moot
    }
  }

  /** The next page; undefined when it is not waited for any more, because of a stop. */
  #ask(pages: AsyncGenerator<Step<AnyRecord>, void, void>): Promise<Step<AnyRecord> | undefined> {
    const coming = pages.next().then(
      ({ value }) => value ?? undefined,
      (error: unknown) => {
        if (this.lease.signal.aborted) throw this.lease.signal.reason;
        if (this.stopping.aborted) return undefined;
        throw asFault(error);
      },
    );
    coming.catch(() => undefined); // it is awaited after the page before is stored, which may be later than it fails
    return coming;
  }

  /** Stores one page, in batches; only the last batch moves the cursor on. */
  async #store(before: WalkState, { page }: Step<AnyRecord>, askedMs: number): Promise<WalkState> {
    const { batchSize } = this.tools.settings;
    const { items } = page;
    let state: WalkState = { ...before, shifted: before.shifted || page.shifted === true };
    for (let from = 0; from === 0 || from < items.length; from += batchSize) {
      const rows = new Map<string, Row>();
      for (const item of items.slice(from, from + batchSize)) {
        const row = rowOf(this.connection, this.kind, item);
        rows.set(row.id, row); // an object that is listed twice: the last one is as it is now
      }
      const last = from + batchSize >= items.length;
      state = {
        ...state,
        pages: state.pages + 1,
        ...(last ? { cursor: page.next ?? null, phase: page.next === undefined ? 'ended' : 'pages' } : {}),
      };
      await this.#batch([...rows.values()], state, askedMs);
    }
    return state;
  }

  async #batch(rows: readonly Row[], state: WalkState, askedMs: number): Promise<void> {
    const { database, revisions } = this.tools;
    const known = await this.#known(rows);
    const changed = rows.filter((row) => known.get(row.id)?.hash !== row.hash);
    const same = rows.filter((row) => known.get(row.id)?.hash === row.hash);
    const seqs = same.map((row) => known.get(row.id)?.seq as number);
    const checkpoint = (shown: readonly number[]): Checkpoint => ({ kind: this.kind, state, seqs: shown });
    if (changed.length === 0) return passCheckpoint(database, this.lease, checkpoint(seqs));
    const written = await database.transaction(async (client) => {
      await this.lease.hold(client);
      const origin = { quiet: state.first };
      const outcome = await write(client, this.connection.slug, this.kind, changed, askedMs, origin);
      await keepCheckpoint(client, this.lease, checkpoint([...seqs, ...outcome.seqs.values()]));
      return outcome;
    });
    this.#written += written.rows;
    if (written.revision !== undefined) {
      revisions.note(this.connection.slug, this.kind, written.revision);
    }
  }

  /** What is stored of live rows: enough to tell, without a lock, which of them did not change. */
  async #known(rows: readonly Row[]): Promise<Map<string, { seq: number; hash: string }>> {
    if (rows.length === 0) return new Map();
    const found = await this.tools.database.tuples<[string, number, string]>({
      name: 'sync-hashes',
      text: 'SELECT id, seq, hash FROM resource WHERE id = ANY($1::text[]) AND gone_at IS NULL',
      values: [rows.map(({ id }) => id)],
    });
    return new Map(found.map(([id, seq, hash]) => [id, { seq, hash }]));
  }

  /** From here on the walk goes through with it, also when another process finishes it. */
  async #decide(state: WalkState): Promise<WalkState> {
    await this.tools.database.transaction(async (client) => {
      await this.lease.hold(client);
      await client.query({
        text: `UPDATE sync_kind SET walk_phase = 'gone' WHERE connection = $1 AND kind = $2 AND walk = $3`,
        values: [this.connection.slug, this.kind, state.walk],
      });
    });
    return { ...state, phase: 'gone' };
  }

  /** Marks as gone whatever the walk has not seen. False: stopped before the end. */
  async #bury(missing: Missing, state: WalkState): Promise<boolean> {
    while (true) {
      const ids = await missing.ids(missingAtOnce);
      for (let from = 0; from < ids.length; from += this.tools.settings.batchSize) {
        if (this.stopping.aborted) return false;
        await this.#gone(ids.slice(from, from + this.tools.settings.batchSize), state);
      }
      if (ids.length < missingAtOnce) return true;
    }
  }

  async #gone(ids: readonly string[], { startedMs, first }: WalkState): Promise<void> {
    const { database, revisions } = this.tools;
    const { rows, revision } = await database.transaction(async (client) => {
      await this.lease.hold(client);
      return markGone(client, this.connection.slug, this.kind, ids, startedMs, { quiet: first });
    });
    this.#written += rows;
    if (revision !== undefined) revisions.note(this.connection.slug, this.kind, revision);
  }

  /**
   * Asks the upstream for rows that a shifted walk may merely have been led past. Resolves to whether none was left
   * undecided; the next walk sees to those that were.
   */
  async #confirm(missing: Missing, state: WalkState): Promise<boolean> {
    const ids = await missing.ids(mostConfirmed + 1);
    let undecided = ids.length > mostConfirmed;
    for (const id of ids.slice(0, mostConfirmed)) {
      if (this.stopping.aborted) return false;
      const key = decodeId(id)?.key;
      if (!key) continue;
      const askedMs = this.tools.timing.clock.now();
      try {
        const record = await this.#facet.get({ key }, this.call);
        await this.#observe(rowOf(this.connection, this.kind, record), askedMs, state);
      } catch (error) {
        if (this.lease.signal.aborted) throw this.lease.signal.reason;
        if (isFault(error, 'not_found')) await this.#gone([id], state);
        else if (isFault(error))
          undecided = true; // no answer about this one: it stays as it is
        else throw error;
      }
    }
    return !undecided;
  }

  async #observe(row: Row, askedMs: number, { first }: WalkState): Promise<void> {
    const { database, revisions } = this.tools;
    const { rows, revision } = await database.transaction(async (client) => {
      await this.lease.hold(client);
      return write(client, this.connection.slug, this.kind, [row], askedMs, { quiet: first });
    });
    this.#written += rows;
    if (revision !== undefined) revisions.note(this.connection.slug, this.kind, revision);
  }
}

/** A provider throws faults only; whatever else comes out of one is a defect of it, and its own connection's alone. */
function asFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  return new Fault('unexpected', 'the provider failed', { cause: error });
}
