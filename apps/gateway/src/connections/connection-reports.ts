import { Fault, type Kind, kinds, Source } from '@fleetgate/model';
import { newCall } from '@fleetgate/provider-runtime';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { errorOfFault } from '../answers/upstream-errors.ts';
import { Sources } from '../inventory/sources.ts';
import { capabilitiesOf } from '../providers/capabilities.ts';
import type { Caller } from '../reading/ones.ts';
import { holds } from '../reading/scope.ts';
import type { Connection } from './connection.ts';

export const ConnectionFacts = z
  .object({
    id: z.string(),
    provider: z.string(),
    team: z.string().nullable(),
    capabilities: z.record(z.string(), z.array(z.string())),
    sync: z.object({
      interval_seconds: z.number(),
      kinds: z.record(z.string(), Source.omit({ connection: true, provider: true })),
    }),
  })
  .meta({ id: 'Connection' });

export const ConnectionTest = z
  .object({
    ok: z.boolean(),
    account: z.object({ name: z.string().nullable() }).nullable(),
    error: z.object({ code: z.string(), message: z.string() }).nullable(),
  })
  .meta({ id: 'ConnectionTest' });

export const SyncRequest = z
  .object({ connection: z.string(), state: z.literal('requested') })
  .meta({ id: 'SyncRequest' });

export const syncQuery = z.strictObject({
  confirm: z
    .enum(['true', 'false'], { error: 'must be true or false' })
    .default('false')
    .transform((word) => word === 'true')
    .describe('true: believe the upstream even when more than half of what was known is missing'),
});

/** What the API tells of connections; nothing of their settings, which hold secrets. */
@Injectable()
export class ConnectionReports {
  constructor(private readonly sources: Sources) {}

  factsOf(connection: Connection): z.infer<typeof ConnectionFacts> {
    const held = kinds.filter((kind: Kind) => holds(connection, kind));
    const states = held.map((kind) => {
      const { connection: _, provider: __, ...state } = this.sources.of(kind, [connection.slug])[0] as Source;
      return [kind, state];
    });
    return {
      id: connection.slug,
      provider: connection.definition.id,
      team: connection.team,
      capabilities: capabilitiesOf(connection.provider),
      sync: { interval_seconds: connection.syncIntervalMs / 1000, kinds: Object.fromEntries(states) },
    };
  }

  async test(connection: Connection, caller: Caller): Promise<z.infer<typeof ConnectionTest>> {
    const call = newCall({ ...caller, signal: new AbortController().signal, random: Math.random });
    try {
      return { ok: true, account: await connection.provider.account.identify({}, call), error: null };
    } catch (error) {
      // The question was whether it works: that it does not is the answer, and no failure of the request.
      if (!(error instanceof Fault)) throw error;
      const { code, message } = errorOfFault(error, connection);
      return { ok: false, account: null, error: { code, message } };
    }
  }

  async sync(connection: Connection, confirm: boolean): Promise<z.infer<typeof SyncRequest>> {
    await this.sources.requestSync(connection.slug, { confirm });
    return { connection: connection.slug, state: 'requested' };
  }
}
