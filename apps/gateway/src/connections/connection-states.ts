import { Instant, type Kind, kinds, Source } from '@fleetgate/model';
import { callClasses } from '@fleetgate/provider-runtime';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Sources } from '../inventory/sources.ts';
import { holds } from '../reading/scope.ts';
import type { Connection } from './connection.ts';
import { RecentCalls } from './recent-calls.ts';

export const SyncState = z.object({
  interval_seconds: z.number(),
  kinds: z.record(z.string(), Source.omit({ connection: true, provider: true })),
});
export type SyncState = z.infer<typeof SyncState>;

export const CallState = z
  .object({
    calls: z.number().int().describe('operations in the last 5 minutes'),
    success_rate: z
      .number()
      .nullable()
      .describe(
        'share of them that the upstream carried out or refused for good reason; null: there was none',
      ),
    last_error: z.object({ code: z.string(), message: z.string(), at: Instant }).nullable(),
    sync_lag_seconds: z
      .number()
      .nullable()
      .describe('age of the oldest kind in the inventory; null: one was never synced'),
    breakers: z
      .record(z.enum(callClasses), z.enum(['closed', 'open', 'half_open']))
      .describe('whether calls of each class are let through; half_open: one is, and decides'),
  })
  .describe('as the replica that answers has seen it');
export type CallState = z.infer<typeof CallState>;

/** How a connection is: its syncs, and its calls of late. */
@Injectable()
export class ConnectionStates {
  constructor(
    private readonly sources: Sources,
    private readonly recent: RecentCalls,
  ) {}

  sync(connection: Connection): SyncState {
    const states = this.#kinds(connection).map((kind) => {
      const { connection: _, provider: __, ...state } = this.#source(connection, kind);
      return [kind, state];
    });
    return { interval_seconds: connection.syncIntervalMs / 1000, kinds: Object.fromEntries(states) };
  }

  health(connection: Connection): CallState {
    const { calls, rate, lastError } = this.recent.of(connection.slug);
    const observed = this.#kinds(connection).map((kind) => this.#source(connection, kind).observed_at);
    const oldest = Math.min(...observed.map((at) => (at === null ? Number.NaN : Date.parse(at))));
    const lag = Math.max(0, Date.now() - oldest) / 1000;
    return {
      calls,
      success_rate: rate === null ? null : Math.round(rate * 10_000) / 10_000,
      last_error: lastError && {
        code: lastError.code,
        message: lastError.message,
        at: new Date(lastError.atMs).toISOString(),
      },
      sync_lag_seconds: Number.isFinite(lag) ? Math.round(lag * 10) / 10 : null,
      breakers: connection.provider.condition().breakers,
    };
  }

  /** Asks for a sync as soon as can be. */
  async request(connection: Connection, confirm: boolean): Promise<void> {
    await this.sources.requestSync(connection.slug, { confirm });
  }

  #kinds(connection: Connection): Kind[] {
    return kinds.filter((kind: Kind) => holds(connection, kind));
  }

  #source(connection: Connection, kind: Kind): Source {
    return this.sources.of(kind, [connection.slug])[0] as Source;
  }
}
