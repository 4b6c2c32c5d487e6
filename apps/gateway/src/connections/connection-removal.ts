import { Inject, Injectable, Logger } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { noSuch } from '../answers/api-error.ts';
import { callerOf } from '../http/current.ts';
import { Purge } from '../inventory/sync/purge.ts';
import { ConnectionDeeds } from './connection-deeds.ts';
import { ConnectionLookup } from './connection-lookup.ts';
import { assertMayChange } from './connection-rights.ts';
import { ConnectionStore } from './connection-store.ts';
import { CONNECTOR, type Connector } from './connector.ts';

/** How long a removal waits for the inventory to be rid of everything, in milliseconds; what is left then goes in the background. */
const patience = 10_000;

/** Removes connections, and what the inventory holds of them. */
@Injectable()
export class ConnectionRemoval {
  readonly #log = new Logger('Connections');

  constructor(
    private readonly lookup: ConnectionLookup,
    private readonly store: ConnectionStore,
    private readonly deeds: ConnectionDeeds,
    private readonly purge: Purge,
    @Inject(CONNECTOR) private readonly connector: Connector,
  ) {}

  async remove(slug: string, request: FastifyRequest): Promise<void> {
    const { principal } = callerOf(request);
    const row = await this.lookup.stored(slug, principal);
    const definition = this.connector.definition(row.provider);
    await this.deeds.carryOut({ action: 'remove', slug, team: row.team, definition }, request, async () => {
      assertMayChange(principal, row);
      return async (client) => {
        const now = await this.store.lock(client, slug);
        if (now?.id !== row.id) throw noSuch('connection');
        assertMayChange(principal, now);
        await this.store.remove(client, now);
      };
    });
    try {
      await this.purge.remove({ connection: slug, link: row.id }, AbortSignal.timeout(patience));
    } catch (error) {
      // It is gone for everyone; the upkeep of any worker goes on with what is left of it.
      this.#log.warn(`${slug} is not purged yet: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
