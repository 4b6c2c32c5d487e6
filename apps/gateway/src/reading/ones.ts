import type { AnyRecord } from '@fleetgate/model';
import { Fault, isFault, type Key, type Kind, type Source } from '@fleetgate/model';
import { type Facet, facetOf } from '@fleetgate/provider-spec';
import { Injectable } from '@nestjs/common';
import { noSuch } from '../answers/api-error.ts';
import { errorOfFault } from '../answers/upstream-errors.ts';
import type { Connection } from '../connections/connection.ts';
import { Inventory, type StoredResource } from '../inventory/inventory.ts';
import { Sources } from '../inventory/sources.ts';
import { Stories } from '../requests/stories.ts';
import { type Caller, upstreamCall } from './caller.ts';
import type { ReadParameters } from './list-query.ts';
import { Scope } from './scope.ts';

export interface OneAnswer {
  /** finished JSON text of the resource */
  readonly text: string;
  readonly etag: string;
  readonly source: Source;
}

/** Reads of one resource: the inventory's copy when it is young enough, else the upstream's, shared by everyone who asks. */
@Injectable()
export class Ones {
  /** by id: since when the upstream is asked for it, and by how many */
  readonly #asking = new Map<string, { readonly since: number; callers: number }>();
  /** what was done about what an upstream call has found */
  readonly #applied = { native: new WeakMap<object, unknown>(), plain: new WeakMap<object, unknown>() };

  constructor(
    private readonly inventory: Inventory,
    private readonly sources: Sources,
    private readonly scope: Scope,
    private readonly stories: Stories,
  ) {}

  async answer(kind: Kind, id: string, parameters: ReadParameters, caller: Caller): Promise<OneAnswer> {
    const { connection, address } = this.scope.ofId(kind, id, caller.principal);
    const native = parameters.include === 'native';
    const live = parameters.max_stale === 0 && !parameters.cached;
    const story = this.stories.of(caller.traceparent);
    const copy = () => this.inventory.get(id, native);
    const stored = live ? undefined : await (story ? story.step('inventory.get', copy) : copy());
    if (parameters.cached) {
      if (!stored) throw noSuch(kind.replace('_', ' '));
      const [known] = this.sources.of(kind, [connection.slug]);
      const { state = 'never_synced', error } = known ?? {};
      return answerOf(stored, { ...sourceOf(connection, stored), state, ...(error ? { error } : {}) });
    }
    if (stored && Date.now() - stored.observedAtMs <= parameters.max_stale * 1000) {
      return answerOf(stored, sourceOf(connection, stored));
    }
    try {
      const fetched = await this.live(connection, kind, address.key, caller, id, native);
      return answerOf(fetched, sourceOf(connection, fetched));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (error.code === 'not_found') throw noSuch(kind.replace('_', ' '));
      return this.older(connection, error, stored ?? (await this.inventory.get(id, native)));
    }
  }

  /**
   * Each caller asks for itself, and leaves for itself: the runtime makes one upstream call of it for however many wait. What that
   * found is one object for all of them, and goes into the inventory once.
   */
  private async live(
    connection: Connection,
    kind: Kind,
    key: Key,
    caller: Caller,
    id: string,
    native: boolean,
  ) {
    const facet = connection.provider[facetOf[kind]] as Facet<AnyRecord>;
    // What is learnt is as old as the first question: a change that comes in while the upstream thinks is newer.
    const asking = this.#asking.get(id) ?? { since: Date.now(), callers: 0 };
    this.#asking.set(id, asking);
    asking.callers += 1;
    try {
      const record = await facet.get({ key }, upstreamCall(caller));
      return await this.#once(record, native, () =>
        this.inventory.observe(connection, kind, record, native, asking.since),
      );
    } catch (error) {
      if (isFault(error, 'not_found'))
        await this.#once(error, native, () => this.inventory.vanish(connection, kind, key, asking.since));
      throw error;
    } finally {
      asking.callers -= 1;
      if (asking.callers === 0) this.#asking.delete(id);
    }
  }

  #once<T>(found: object, native: boolean, apply: () => Promise<T>): Promise<T> {
    const kept = this.#applied[native ? 'native' : 'plain'];
    const applied = (kept.get(found) as Promise<T> | undefined) ?? apply();
    kept.set(found, applied);
    return applied;
  }

  private older(connection: Connection, fault: Fault, stored: StoredResource | undefined): OneAnswer {
    const error = errorOfFault(fault, connection);
    if (!stored) throw error;
    return answerOf(stored, {
      ...sourceOf(connection, stored),
      state: 'stale',
      error: { code: error.code, message: error.message },
    });
  }
}

function sourceOf(connection: Connection, stored: StoredResource): Source {
  return {
    connection: connection.slug,
    provider: connection.definition.id,
    state: 'fresh',
    observed_at: new Date(stored.observedAtMs).toISOString(),
  };
}

function answerOf(stored: StoredResource, source: Source): OneAnswer {
  return { text: stored.text, etag: `"${stored.etag}"`, source };
}
