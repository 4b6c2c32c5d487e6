import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { errors } from 'oidc-provider';
import { AccessChanges } from '../access/access-changes.ts';
import { grantIn, type Principal, type TeamRef, teamsWith } from '../access/principal.ts';
import { scopeMissing } from '../access/refusals.ts';
import { expand } from '../access/scopes.ts';
import { invalidField, noSuch } from '../answers/api-error.ts';
import { Audit, type Deed } from '../audit/audit.ts';
import { callerOf } from '../http/current.ts';
import { ArtifactStore } from './artifact-store.ts';
import type { ClientInput } from './client-inputs.ts';
import { type ClientRecord, ClientRegistry, metadataOf, type NewClient } from './client-registry.ts';
import { OAuthServer } from './oauth-server.ts';

/** Who may see, make and remove which clients. */
@Injectable()
export class Clients {
  constructor(
    private readonly registry: ClientRegistry,
    private readonly store: ArtifactStore,
    private readonly audit: Audit,
    private readonly changes: AccessChanges,
    private readonly oauth: OAuthServer,
  ) {}

  visible(principal: Principal): Promise<ClientRecord[]> {
    return this.registry.list(teamsWith(principal, 'keys:admin'));
  }

  async find(id: string, principal: Principal): Promise<ClientRecord | undefined> {
    const found = await this.registry.find(id);
    const teams = teamsWith(principal, 'keys:admin');
    return found && (teams === undefined || teams.includes(found.team.slug)) ? found : undefined;
  }

  async create(input: ClientInput, request: FastifyRequest): Promise<NewClient> {
    const { principal } = callerOf(request);
    const deed: Deed = { action: 'oauth_client.create', team: null, detail: { name: input.name } };
    return this.audit.change(request, deed, async (client, noted) => {
      const team = await this.#teamFor(input, principal);
      noted.team = team.slug;
      const made = await this.registry.create(client, input, { teamId: team.id, createdBy: principal.id });
      await this.#assertUsable(made);
      noted.target = { kind: 'oauth_client', id: made.record.id };
      return made;
    });
  }

  async remove(id: string, request: FastifyRequest): Promise<void> {
    const found = await this.find(id, callerOf(request).principal);
    if (!found) throw noSuch('client');
    const target = { kind: 'oauth_client', id };
    const deed: Deed = { action: 'oauth_client.delete', team: found.team.slug, target };
    await this.audit.change(request, deed, async (client) => {
      await this.store.endClient(client, id);
      await this.registry.remove(client, id);
      await this.changes.say(client, [id]);
    });
    this.changes.apply([id]);
  }

  /** The team that it is to belong to, in which its maker may make clients, and has whatever it is to have. */
  async #teamFor({ team_id: id, scopes }: ClientInput, principal: Principal): Promise<TeamRef> {
    const wanted = id ?? principal.team?.id;
    if (wanted === undefined) throw invalidField('team_id', 'is needed: you have no team of your own');
    if (principal.everything) {
      const team = await this.registry.team(wanted);
      if (!team) throw invalidField('team_id', 'no such team');
      return team;
    }
    const grant = grantIn(principal, wanted);
    if (!grant) throw invalidField('team_id', 'no such team');
    if (!grant.scopes.has('keys:admin')) throw scopeMissing('keys:admin', grant.team.slug);
    const lacking = expand(scopes).filter((scope) => !grant.scopes.has(scope));
    if (lacking.length > 0) {
      throw invalidField('scopes', `you cannot give what you do not have yourself: ${lacking.join(', ')}`);
    }
    return grant.team;
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
