import { randomUUID } from 'node:crypto';
import type { ProviderDefinition } from '@fleetgate/provider-spec';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type pg from 'pg';
import { may, type Principal } from '../access/principal.ts';
import { scopeMissing } from '../access/refusals.ts';
import { ApiError, invalidField, noSuch } from '../answers/api-error.ts';
import { Audit, type Deed } from '../audit/audit.ts';
import { callerOf } from '../http/current.ts';
import { Feed } from '../inventory/feed.ts';
import { sayLinked } from '../inventory/signals.ts';
import { Purge } from '../inventory/sync/purge.ts';
import type { ConnectionCreate, ConnectionPatch, ConnectionReplace } from './connection-input.ts';
import { assertMayChange, fromFile, mayChange } from './connection-rights.ts';
import { ConnectionStore, type NewConnection, type StoredConnection } from './connection-store.ts';
import { CONNECTOR, type Connector } from './connector.ts';
import { LiveConnections } from './live-connections.ts';
import { SettingsCheck } from './settings-check.ts';
import { namesIn, patched, replaced } from './settings-merge.ts';
import { defaultIntervalMs } from './sync-interval.ts';

/** How long a removal waits for the inventory to be rid of everything, in milliseconds; what is left then goes in the background. */
const purgePatience = 10_000;

/** What changes about a connection. */
export interface Change {
  readonly action: 'replace' | 'change' | 'rotate_secret';
  readonly team?: string | null | undefined;
  readonly syncIntervalMs?: number | undefined;
  /** from the stored settings to the new ones */
  readonly settings: (definition: ProviderDefinition, before: Settings) => Settings;
  /** names of the settings that are given, for the audit */
  readonly names: readonly string[];
  /** looks at the new settings before they are taken; rejects to leave everything as it was */
  readonly prove?: (definition: ProviderDefinition, row: StoredConnection, parsed: unknown) => Promise<void>;
}
type Settings = Readonly<Record<string, unknown>>;

/** Makes, changes and removes connections, for those who may, noted in the audit and known to every replica. */
@Injectable()
export class ConnectionChanges {
  readonly #log = new Logger('Connections');

  constructor(
    private readonly store: ConnectionStore,
    private readonly connections: LiveConnections,
    @Inject(CONNECTOR) private readonly connector: Connector,
    private readonly check: SettingsCheck,
    private readonly audit: Audit,
    private readonly feed: Feed,
    private readonly purge: Purge,
  ) {}

  async create(input: ConnectionCreate, request: FastifyRequest): Promise<void> {
    const { principal } = callerOf(request);
    const { slug, provider } = input;
    const team = input.team === undefined ? (principal.team?.slug ?? null) : input.team;
    const audience = mayChange(principal, team) ? team : (principal.team?.slug ?? null);
    const deed = this.#deed('create', slug, audience, { provider, team, settings: namesIn(input.settings) });
    await this.#noted(request, deed, async () => {
      assertMayMake(principal, team);
      const definition = this.#definition(provider);
      if (this.connections.isFixed(slug)) throw taken(slug);
      await this.check.parsed(definition, input.settings);
      return (client) =>
        this.#insert(client, {
          id: randomUUID(),
          slug,
          provider,
          team,
          syncIntervalMs: input.sync?.interval ?? defaultIntervalMs,
          settings: patched({}, input.settings),
        });
    });
    await this.feed.linked(slug);
  }

  replace(slug: string, input: ConnectionReplace, request: FastifyRequest): Promise<void> {
    return this.change(slug, request, {
      action: 'replace',
      team: input.team,
      syncIntervalMs: input.sync?.interval ?? defaultIntervalMs,
      settings: (definition, before) => replaced(definition, before, input.settings),
      names: namesIn(input.settings),
    });
  }

  patch(slug: string, input: ConnectionPatch, request: FastifyRequest): Promise<void> {
    if (Object.keys(input).length === 0) throw invalidField('body', 'must change something');
    return this.change(slug, request, {
      action: 'change',
      team: input.team,
      syncIntervalMs: input.sync?.interval,
      settings: (_, before) => patched(before, input.settings ?? {}),
      names: namesIn(input.settings ?? {}),
    });
  }

  async change(slug: string, request: FastifyRequest, change: Change): Promise<void> {
    const { principal } = callerOf(request);
    const row = await this.#named(slug, principal);
    const deed = this.#deed(change.action, slug, row.team, { settings: change.names });
    await this.#noted(request, deed, async () => {
      assertMayChange(principal, row);
      const team = change.team === undefined ? row.team : change.team;
      if (team !== row.team) assertMayMake(principal, team);
      const definition = this.#definition(row.provider);
      const settings = change.settings(definition, row.settings ?? {});
      const parsed = await this.check.parsed(definition, settings);
      await change.prove?.(definition, row, parsed);
      return async (client) => {
        const now = await this.store.lock(client, slug);
        if (now?.id !== row.id || now.version !== row.version)
          throw new ApiError('conflict', `${slug} was changed by somebody else at the same time`);
        if (team !== row.team) await this.#assertTeam(client, team);
        const { id } = row;
        const syncIntervalMs = change.syncIntervalMs ?? row.syncIntervalMs;
        await this.store.update(client, { id, team, syncIntervalMs, settings });
        await sayLinked(client, slug);
      };
    });
    await this.feed.linked(slug);
  }

  async remove(slug: string, request: FastifyRequest): Promise<void> {
    const { principal } = callerOf(request);
    const row = await this.#named(slug, principal);
    const deed = this.#deed('remove', slug, row.team, { provider: row.provider });
    await this.#noted(request, deed, async () => {
      assertMayChange(principal, row);
      return async (client) => {
        const now = await this.store.lock(client, slug);
        if (now?.id !== row.id) throw noSuch('connection');
        assertMayChange(principal, now);
        await this.store.remove(client, now);
        await sayLinked(client, slug);
      };
    });
    await this.feed.linked(slug);
    try {
      await this.purge.remove({ connection: slug, link: row.id }, AbortSignal.timeout(purgePatience));
    } catch (error) {
      // It is gone for everyone; the upkeep of any worker goes on with what is left of it.
      this.#log.warn(`${slug} is not purged yet: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** The stored row, as it is now, of a connection that the caller may see. */
  async #named(slug: string, principal: Principal): Promise<StoredConnection> {
    const fixed = this.connections.isFixed(slug) ? this.connections.find(slug) : undefined;
    const [row] = fixed ? [] : await this.store.read([slug]);
    const seen = fixed ?? row;
    const sees = (team: string | null) =>
      mayChange(principal, team) || may(principal, 'connections:read', team);
    if (!seen || !sees(seen.team)) throw noSuch('connection');
    if (!row) throw fromFile({ slug });
    return row;
  }

  async #insert(client: pg.PoolClient, row: NewConnection): Promise<void> {
    await this.#assertTeam(client, row.team);
    const refusal = await this.store.insert(client, row);
    if (refusal === 'taken') throw taken(row.slug);
    if (refusal === 'being removed')
      throw new ApiError(
        'conflict',
        `what was ${row.slug} before is still being removed: try again in a minute`,
        {
          details: [{ field: 'slug', message: 'is still being removed' }],
        },
      );
    if (refusal === 'too many')
      throw new ApiError('conflict', `the team ${row.team} has as many connections as it may have`);
    await sayLinked(client, row.slug);
  }

  async #assertTeam(client: pg.PoolClient, team: string | null): Promise<void> {
    if (team === null) return;
    const { rowCount } = await client.query({ text: 'SELECT 1 FROM team WHERE slug = $1', values: [team] });
    if (rowCount === 0) throw invalidField('team', 'no such team');
  }

  #definition(provider: string): ProviderDefinition {
    const definition = this.connector.definition(provider);
    if (definition) return definition;
    throw invalidField('provider', `must be one of ${this.connector.providers().join(', ')}`);
  }

  #deed(action: string, slug: string, team: string | null, detail: Deed['detail']): Deed {
    return {
      action: `connection.${action}`,
      team,
      target: { kind: 'connection', id: slug },
      ...(detail ? { detail } : {}),
    };
  }

  /** What takes long (names are resolved, an upstream is asked) comes before the transaction; both are noted as one deed. */
  async #noted(
    request: FastifyRequest,
    deed: Deed,
    prepare: () => Promise<(client: pg.PoolClient) => Promise<void>>,
  ): Promise<void> {
    let work: (client: pg.PoolClient) => Promise<void>;
    try {
      work = await prepare();
    } catch (error) {
      await this.audit.recordFailure(request, deed, error);
      throw error;
    }
    await this.audit.change(request, deed, work);
  }
}

/** Whether the caller may have connections in that team at all. */
function assertMayMake(principal: Principal, team: string | null): void {
  if (mayChange(principal, team)) return;
  if (team === null)
    throw new ApiError('forbidden', 'only root makes connections for everyone', {
      details: [{ field: 'team', message: 'is needed' }],
    });
  if (!may(principal, 'connections:read', team)) throw invalidField('team', 'no such team'); // nor is it told whether there is one
  throw scopeMissing('connections:write', team);
}

function taken(slug: string): ApiError {
  return new ApiError('conflict', `the slug ${slug} is taken`, {
    details: [{ field: 'slug', message: 'is taken' }],
  });
}
