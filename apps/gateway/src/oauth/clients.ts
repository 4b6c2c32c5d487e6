import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { errors } from 'oidc-provider';
import { AccessChanges } from '../access/access-changes.ts';
import { assertMayGive } from '../access/keys/api-keys.ts';
import { grantIn, may, type Principal, type TeamRef, teamsWith } from '../access/principal.ts';
import { expand } from '../access/scopes.ts';
import { invalidField, noSuch } from '../answers/api-error.ts';
import { Audit, type Deed } from '../audit/audit.ts';
import { callerOf } from '../http/current.ts';
import type { ClientInput } from './client-inputs.ts';
import { type ClientRecord, ClientRegistry, metadataOf, type NewClient } from './client-registry.ts';
import { endAllOfClient } from './ended.ts';
import { OAuthServer } from './oauth-server.ts';

/** Who may see, make and remove which clients. */
@Injectable()
export class Clients {
  constructor(
    private readonly registry: ClientRegistry,
    private readonly audit: Audit,
    private readonly changes: AccessChanges,
    private readonly oauth: OAuthServer,
  ) {}

  list(principal: Principal, page: number, limit: number) {
    return this.registry.list(teamsWith(principal, 'keys:admin'), page, limit);
  }

  async get(id: string, principal: Principal): Promise<ClientRecord> {
    const found = await this.registry.find(id);
    if (!found || !may(principal, 'keys:admin', found.team.slug)) throw noSuch('client');
    return found;
  }

  async create(input: ClientInput, request: FastifyRequest): Promise<NewClient> {
    const { principal } = callerOf(request);
    const team = await this.#teamFor(input.team, principal);
    const scopes = expand(input.scopes);
    const detail = { name: input.name, kind: input.kind, scopes };
    const deed: Deed = { action: 'oauth_client.create', team: team.slug, detail };
    return this.audit.change(request, deed, async (client, noted) => {
      assertMayGive(principal, team.slug, scopes);
      const made = await this.registry.create(client, input, { teamId: team.id, createdBy: principal.id });
      await this.#assertUsable(made);
      noted.target = { kind: 'oauth_client', id: made.record.id };
      return made;
    });
  }

  async remove(id: string, request: FastifyRequest): Promise<void> {
    const found = await this.get(id, callerOf(request).principal);
    const target = { kind: 'oauth_client', id };
    const deed: Deed = { action: 'oauth_client.delete', team: found.team.slug, target };
    await this.audit.change(request, deed, async (client) => {
      await endAllOfClient(client, id);
      await this.registry.remove(client, id);
      await this.changes.say(client, [id]);
    });
    this.changes.apply([id]);
  }

  /** The team that it is to be of: one of the caller's, or for root any. */
  async #teamFor(named: string | undefined, principal: Principal): Promise<TeamRef> {
    if (named === undefined && principal.team) return principal.team;
    if (named === undefined) throw invalidField('team', 'is needed: a client belongs to a team');
    const team = principal.everything ? await this.registry.team(named) : grantIn(principal, named)?.team;
    if (!team) throw invalidField('team', 'no such team');
    return team;
  }

  /** What our own rules have let pass and the library's would not must be told now, and not when it is used. */
  async #assertUsable({ record, secretHash }: NewClient): Promise<void> {
    const { provider } = await this.oauth.running();
    try {
      // Declared without its parameter.
      new (provider.Client as unknown as new (metadata: object) => object)(
        metadataOf({ ...record, secretHash }),
      );
    } catch (error) {
      if (!(error instanceof errors.InvalidClientMetadata)) throw error;
      throw invalidField('redirect_uris', error.error_description ?? 'cannot be used together');
    }
  }
}
