import type { AnyRecord } from '@fleetgate/model';
import { Fault, isFault, type Key, type Kind, type Source } from '@fleetgate/model';
import { type Facet, facetOf } from '@fleetgate/provider-spec';
import { Injectable } from '@nestjs/common';
import { noSuch } from '../answers/api-error.ts';
import { errorOfFault } from '../answers/upstream-errors.ts';
import type { Connection } from '../connections/connection.ts';
import { Inventory, type StoredResource } from '../inventory/inventory.ts';
import { Sources } from '../inventory/sources.ts';
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
  readonly #flights = new Map<string, Promise<StoredResource>>();

  constructor(
    private readonly inventory: Inventory,
    private readonly sources: Sources,
    private readonly scope: Scope,
  ) {}

  async answer(kind: Kind, id: string, parameters: ReadParameters, caller: Caller): Promise<OneAnswer> {
    const { connection, address } = this.scope.ofId(kind, id, caller.principal);
    const native = parameters.include === 'native';
    const live = parameters.max_stale === 0 && !parameters.cached;
    const stored = live ? undefined : await this.inventory.get(id, native);
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
      const fetched = await this.live(connection, kind, id, address.key, caller, native);
      return answerOf(fetched, sourceOf(connection, fetched));
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (error.code === 'not_found') throw noSuch(kind.replace('_', ' '));
      return this.older(connection, error, stored ?? (await this.inventory.get(id, native)));
    }
  }

  /** One upstream call, and one change of the inventory, for however many callers wait for it. */
  private live(connection: Connection, kind: Kind, id: string, key: Key, caller: Caller, native: boolean) {
    const name = `${native ? 'native' : 'plain'} ${id}`;
    let flight = this.#flights.get(name);
    if (!flight) {
      flight = this.fetch(connection, kind, key, caller, native).finally(() => this.#flights.delete(name));
      this.#flights.set(name, flight);
    }
    return flight;
  }

  private async fetch(connection: Connection, kind: Kind, key: Key, caller: Caller, native: boolean) {
    const facet = connection.provider[facetOf[kind]] as Facet<AnyRecord>;
    // No caller owns the flight, so none can end it; the runtime's own deadline does.
    const call = upstreamCall(caller);
    // What is learnt is as old as the question: a change that comes in while the upstream thinks is newer.
    const asked = Date.now();
    try {
      const record = await facet.get({ key }, call);
      return await this.inventory.observe(connection, kind, record, native, asked);
    } catch (error) {
      if (isFault(error, 'not_found')) await this.inventory.vanish(connection, kind, key, asked);
      throw error;
    }
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
