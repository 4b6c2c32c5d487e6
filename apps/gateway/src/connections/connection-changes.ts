import { randomUUID } from 'node:crypto';
import type { ProviderDefinition } from '@fleetgate/provider-spec';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type pg from 'pg';
import { ApiError, invalidField } from '../answers/api-error.ts';
import { callerOf } from '../http/current.ts';
import { type ConnectionDeed, ConnectionDeeds } from './connection-deeds.ts';
import type { ConnectionCreate, ConnectionPatch, ConnectionReplace } from './connection-input.ts';
import { ConnectionLookup } from './connection-lookup.ts';
import { notInserted, slugTaken } from './connection-refusals.ts';
import { assertMayChange, assertMayMake, mayChange } from './connection-rights.ts';
import { ConnectionStore, type StoredConnection } from './connection-store.ts';
import { CONNECTOR, type Connector } from './connector.ts';
import { SettingsCheck } from './settings-check.ts';
import { patched, replaced } from './settings-merge.ts';
import { defaultIntervalMs } from './sync-interval.ts';

type Settings = Readonly<Record<string, unknown>>;

/** What changes about a connection. */
export interface Change {
  readonly action: ConnectionDeed['action'];
  readonly team?: string | null | undefined;
  readonly syncIntervalMs?: number | undefined;
  /** as they are given */
  readonly settings: Settings | undefined;
  /** from the stored settings to the new ones */
  readonly merge: (definition: ProviderDefinition, before: Settings) => Settings;
  /** looks at the new settings before they are taken; rejects to leave everything as it was */
  readonly prove?: (definition: ProviderDefinition, row: StoredConnection, parsed: unknown) => Promise<void>;
}

/** Makes and changes connections, for those who may. */
@Injectable()
export class ConnectionChanges {
  constructor(
    private readonly lookup: ConnectionLookup,
    private readonly store: ConnectionStore,
    private readonly check: SettingsCheck,
    private readonly deeds: ConnectionDeeds,
    @Inject(CONNECTOR) private readonly connector: Connector,
  ) {}

  async create(input: ConnectionCreate, request: FastifyRequest): Promise<void> {
    const { principal } = callerOf(request);
    const { slug, provider, settings } = input;
    const team = input.team === undefined ? (principal.team?.slug ?? null) : input.team;
    const audience = mayChange(principal, team) ? team : (principal.team?.slug ?? null);
    const definition = this.connector.definition(provider);
    const deed = { action: 'create', slug, team: audience, definition, settings } as const;
    await this.deeds.carryOut(deed, request, async () => {
      assertMayMake(principal, team);
      if (this.lookup.isFixed(slug)) throw slugTaken(slug);
      await this.check.parsed(this.#known(definition), settings);
      const syncIntervalMs = input.sync?.interval ?? defaultIntervalMs;
      const row = { id: randomUUID(), slug, provider, team, syncIntervalMs, settings: patched({}, settings) };
      return async (client) => {
        await assertTeam(client, team);
        const refusal = await this.store.insert(client, row);
        if (refusal) throw notInserted(refusal, row);
      };
    });
  }

  replace(slug: string, input: ConnectionReplace, request: FastifyRequest): Promise<void> {
    return this.change(slug, request, {
      action: 'replace',
      team: input.team,
      syncIntervalMs: input.sync?.interval ?? defaultIntervalMs,
      settings: input.settings,
      merge: (definition, before) => replaced(definition, before, input.settings),
    });
  }

  async patch(slug: string, input: ConnectionPatch, request: FastifyRequest): Promise<void> {
    if (Object.keys(input).length === 0) throw invalidField('body', 'must change something');
    await this.change(slug, request, {
      action: 'change',
      team: input.team,
      syncIntervalMs: input.sync?.interval,
      settings: input.settings,
      merge: (_, before) => patched(before, input.settings ?? {}),
    });
  }

  async change(slug: string, request: FastifyRequest, change: Change): Promise<void> {
    const { principal } = callerOf(request);
    const row = await this.lookup.stored(slug, principal);
    const known = this.connector.definition(row.provider);
    const { action, settings: given } = change;
    const deed = { action, slug, team: row.team, definition: known, settings: given };
    await this.deeds.carryOut(deed, request, async () => {
      assertMayChange(principal, row);
      const team = change.team === undefined ? row.team : change.team;
      if (team !== row.team) assertMayMake(principal, team);
      const definition = this.#known(known);
      const settings = change.merge(definition, row.settings ?? {});
      const parsed = await this.check.parsed(definition, settings);
      await change.prove?.(definition, row, parsed);
      return async (client) => {
        const now = await this.store.lock(client, slug);
        if (now?.id !== row.id || now.version !== row.version)
          throw new ApiError('conflict', `${slug} was changed by somebody else at the same time`);
        if (team !== row.team) await assertTeam(client, team);
        const syncIntervalMs = change.syncIntervalMs ?? row.syncIntervalMs;
        await this.store.update(client, { id: row.id, team, syncIntervalMs, settings });
      };
    });
  }

  #known(definition: ProviderDefinition | undefined): ProviderDefinition {
    if (definition) return definition;
    throw invalidField('provider', `must be one of ${this.connector.providers().join(', ')}`);
  }
}

async function assertTeam(client: pg.PoolClient, team: string | null): Promise<void> {
  if (team === null) return;
  const { rowCount } = await client.query({ text: 'SELECT 1 FROM team WHERE slug = $1', values: [team] });
  if (rowCount === 0) throw invalidField('team', 'no such team');
}
