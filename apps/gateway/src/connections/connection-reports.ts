import { Fault, Slug } from '@fleetgate/model';
import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { may, type Principal } from '../access/principal.ts';
import type { Scope as AccessScope } from '../access/scopes.ts';
import { ApiError, noSuch } from '../answers/api-error.ts';
import { errorOfFault } from '../answers/upstream-errors.ts';
import { Feed } from '../inventory/feed.ts';
import { capabilitiesOf } from '../providers/capabilities.ts';
import { type Caller, upstreamCall } from '../reading/caller.ts';
import { Scope } from '../reading/scope.ts';
import { CONNECTIONS, type Connection, type Connections } from './connection.ts';
import { mayChange } from './connection-rights.ts';
import { CallState, ConnectionStates, SyncState } from './connection-states.ts';
import { Links, type Unlinked } from './links.ts';

export const ConnectionFacts = z
  .object({
    id: z.string(),
    provider: z.string(),
    team: z.string().nullable(),
    origin: z
      .enum(['file', 'api'])
      .describe('file: it stands in the file of connections, and can be changed there only'),
    settings: z
      .record(z.string(), z.unknown())
      .nullable()
      .describe('without its secrets; null: of one from the file, and for who may not change it'),
    secrets: z
      .array(z.string())
      .nullable()
      .describe('names of the secrets that are set; null as for settings'),
    problem: z.string().nullable().describe('why it cannot be used; null: it can'),
    created_at: z.string().nullable(),
    updated_at: z.string().nullable(),
    capabilities: z.record(z.string(), z.array(z.string())),
    sync: SyncState,
    health: CallState.nullable().describe('null: it cannot be used'),
  })
  .meta({ id: 'Connection' });
export type ConnectionFacts = z.infer<typeof ConnectionFacts>;

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

/** What the API tells of connections: of their settings only what is no secret, to those who may change them. */
@Injectable()
export class ConnectionReports {
  constructor(
    private readonly states: ConnectionStates,
    private readonly scope: Scope,
    private readonly links: Links,
    private readonly feed: Feed,
    @Inject(CONNECTIONS) private readonly connections: Connections,
  ) {}

  /** Of every connection that the caller may see, in the order of their slugs. */
  all(principal: Principal): ConnectionFacts[] {
    const linked = this.scope.visible(principal, 'connections:read');
    const unlinked = this.links
      .unlinked()
      .filter(({ row }) => sees(principal, row.team) && !this.connections.find(row.slug));
    return [
      ...linked.map((one) => this.factsOf(one, principal)),
      ...unlinked.map((one) => this.factsOfUnlinked(one)),
    ].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Of one; `not_found` where the caller may not see it. */
  async one(slug: string, principal: Principal): Promise<ConnectionFacts> {
    await this.catchUp(slug);
    const broken = this.unlinked(slug);
    if (broken && sees(principal, broken.row.team)) return this.factsOfUnlinked(broken);
    const visible = this.scope.visible(principal, 'connections:read', 'connections:write');
    const linked = visible.find((one) => one.slug === slug);
    if (!linked) throw noSuch('connection');
    return this.factsOf(linked, principal);
  }

  /** One that can be used, if the caller holds that scope there: else 404 or 403. */
  async named(slug: string, principal: Principal, scope: AccessScope): Promise<Connection> {
    await this.catchUp(slug);
    const broken = this.unlinked(slug);
    if (broken && sees(principal, broken.row.team))
      throw new ApiError('conflict', `${slug} cannot be used: ${broken.problem}`);
    return this.scope.named(slug, principal, scope);
  }

  /** What was made on another replica a moment ago may not have been heard of here. */
  private async catchUp(slug: string): Promise<void> {
    if (!this.connections.find(slug) && Slug.safeParse(slug).success) await this.feed.linked(slug);
  }

  private unlinked(slug: string): Unlinked | undefined {
    return this.connections.find(slug)
      ? undefined
      : this.links.unlinked().find(({ row }) => row.slug === slug);
  }

  /** Of one that cannot be used there is nothing to tell but why. */
  private factsOfUnlinked({ row, problem }: Unlinked): ConnectionFacts {
    return {
      id: row.slug,
      provider: row.provider,
      team: row.team,
      origin: 'api',
      settings: null,
      secrets: null,
      problem,
      created_at: row.createdAt,
      updated_at: row.updatedAt,
      capabilities: {},
      sync: { interval_seconds: row.syncIntervalMs / 1000, kinds: {} },
      health: null,
    };
  }

  factsOf(connection: Connection, principal: Principal): ConnectionFacts {
    const { made } = connection;
    const shows = made !== undefined && mayChange(principal, connection.team);
    return {
      id: connection.slug,
      provider: connection.definition.id,
      team: connection.team,
      origin: made ? 'api' : 'file',
      settings: shows ? made.settings : null,
      secrets: shows ? [...made.secrets] : null,
      problem: null,
      created_at: made?.createdAt ?? null,
      updated_at: made?.updatedAt ?? null,
      capabilities: capabilitiesOf(connection.provider),
      sync: this.states.sync(connection),
      health: this.states.health(connection),
    };
  }

  async test(connection: Connection, caller: Caller): Promise<z.infer<typeof ConnectionTest>> {
    const call = upstreamCall(caller);
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
    await this.states.request(connection, confirm);
    return { connection: connection.slug, state: 'requested' };
  }
}

function sees(principal: Principal, team: string | null): boolean {
  return may(principal, 'connections:read', team) || mayChange(principal, team);
}
