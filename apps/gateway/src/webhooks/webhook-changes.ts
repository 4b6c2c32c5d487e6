import type { Clock } from '@fleetgate/provider-spec';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type pg from 'pg';
import { newId } from '../access/ids.ts';
import { ApiError, invalidField, noSuch } from '../answers/api-error.ts';
import { Audit, type Deed } from '../audit/audit.ts';
import { callerOf } from '../http/current.ts';
import { OutboundGuard } from '../outbound/outbound-guard.ts';
import { CLOCK } from './clock.ts';
import { disable } from './disabling.ts';
import { sayDue } from './due.ts';
import type { NewWebhook, SecretRotation, Webhook, WebhookCreate, WebhookPatch } from './webhook.ts';
import { assertMaySend, type OwnerTeam } from './webhook-rights.ts';
import { newSecret, WebhookSecrets } from './webhook-secrets.ts';
import { WebhookStore } from './webhook-store.ts';

/** How many webhooks one team may have. */
const perTeam = 50;

/** Makes, changes and removes webhooks, for those who may; each in one transaction with its row of the audit. */
@Injectable()
export class WebhookChanges {
  constructor(
    private readonly store: WebhookStore,
    private readonly audit: Audit,
    private readonly secrets: WebhookSecrets,
    private readonly guard: OutboundGuard,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async create(input: WebhookCreate, request: FastifyRequest): Promise<NewWebhook> {
    const { principal } = callerOf(request);
    const team = await this.store.teamFor(input.team, principal);
    const id = newId('hook');
    const secret = input.secret ?? newSecret();
    const { url, events, ordered = false, description = null, enabled = true } = input;
    const deed = deedOf('create', id, team, { origin: new URL(url).origin, events, ordered });
    return this.audit.change(request, deed, async (client) => {
      assertMaySend(principal, team);
      await this.#assertReachable(url);
      await this.#assertRoom(client, team);
      await client.query({
        text: `INSERT INTO webhook (id, team_id, url, events, ordered, description, secrets, created_by, after,
            disabled_at, disabled_reason)
          SELECT $1, $2, $3, $4, $5, $6, $7, $8, sequence, CASE WHEN NOT $9 THEN now() END,
            CASE WHEN NOT $9 THEN 'asked' END FROM event_head`,
        values: [
          id,
          team?.id ?? null,
          url,
          events,
          ordered,
          description,
          this.secrets.seal(id, secret),
          principal.id,
          enabled,
        ],
      });
      return { ...(await this.#read(client, id)), secret };
    });
  }

  /** What is left out of `input` stays as it is. */
  async change(
    id: string,
    input: WebhookPatch,
    request: FastifyRequest,
    action: 'replace' | 'change',
  ): Promise<Webhook> {
    const { principal } = callerOf(request);
    const before = await this.store.get(id, principal, 'webhooks:write');
    const { url, events, ordered, description, enabled } = input;
    const detail = {
      ...(url === undefined ? {} : { origin: new URL(url).origin }),
      ...(events === undefined ? {} : { events }),
      ...(ordered === undefined ? {} : { ordered }),
      ...(enabled === undefined ? {} : { enabled }),
    };
    return this.audit.change(request, deedOf(action, id, before.team, detail), async (client) => {
      if (Object.keys(input).length === 0) throw invalidField('body', 'must change something');
      assertMaySend(principal, before.team);
      if (url !== undefined) await this.#assertReachable(url);
      await this.#lock(client, id);
      await client.query({
        text: `UPDATE webhook SET url = coalesce($2, url), events = coalesce($3, events), ordered = coalesce($4, ordered),
            description = CASE WHEN $5 THEN $6 ELSE description END, updated_at = now() WHERE id = $1`,
        values: [
          id,
          url ?? null,
          events ?? null,
          ordered ?? null,
          description !== undefined,
          description ?? null,
        ],
      });
      if (ordered === false) await this.#letGo(client, id);
      const { status } = await this.#read(client, id);
      if (enabled === false && status !== 'disabled') {
        const { team } = before;
        const ending = { id, teamId: team?.id ?? null, teamSlug: team?.slug ?? null, url: url ?? before.url };
        await disable(client, ending, { reason: 'asked', now: this.clock.now(), requestId: request.id });
      }
      if (enabled === true && status !== 'active') await this.#enable(client, id);
      await sayDue(client);
      return this.#read(client, id);
    });
  }

  /** From now on the new secret signs, and the one before as well until the time is over. */
  async rotate(id: string, input: SecretRotation, request: FastifyRequest): Promise<NewWebhook> {
    const { principal } = callerOf(request);
    const { team } = await this.store.get(id, principal, 'webhooks:write');
    const secret = input.secret ?? newSecret();
    const detail = { keep_previous: input.keep_previous };
    return this.audit.change(request, deedOf('rotate_secret', id, team, detail), async (client) => {
      const { secrets } = await this.#lock(client, id);
      await client.query({
        text: `UPDATE webhook SET secrets = $2, previous_until = $3, updated_at = now() WHERE id = $1`,
        values: [
          id,
          this.secrets.seal(id, secret, secrets),
          new Date(this.clock.now() + input.keep_previous * 1000).toISOString(),
        ],
      });
      return { ...(await this.#read(client, id)), secret };
    });
  }

  /** With its deliveries. What is under way at this moment still arrives. */
  async remove(id: string, request: FastifyRequest): Promise<void> {
    const { team } = await this.store.get(id, callerOf(request).principal, 'webhooks:write');
    await this.audit.change(request, deedOf('delete', id, team), async (client) => {
      await this.#lock(client, id);
      await client.query({ text: 'DELETE FROM webhook WHERE id = $1', values: [id] });
    });
  }

  /** It hears of what happens from now on; what it has missed can be replayed. */
  async #enable(client: pg.PoolClient, id: string): Promise<void> {
    await client.query({
      text: `UPDATE webhook SET failures = 0, failing_since = NULL, paused_until = NULL, disabled_reason = NULL, disabled_at = NULL,
          after = CASE WHEN disabled_at IS NULL THEN after ELSE (SELECT sequence FROM event_head) END WHERE id = $1`,
      values: [id],
    });
  }

  async #letGo(client: pg.PoolClient, id: string): Promise<void> {
    await client.query({
      text: `UPDATE webhook_delivery SET state = 'waiting', due_at = to_timestamp($2::float8 / 1000)
        WHERE webhook = $1 AND state = 'held'`,
      values: [id, this.clock.now()],
    });
  }

  /** Waits for whoever writes down what came of deliveries, or makes them. */
  async #lock(client: pg.PoolClient, id: string): Promise<{ secrets: Buffer }> {
    const { rows } = await client.query<{ secrets: Buffer }>({
      text: 'SELECT secrets FROM webhook WHERE id = $1 FOR UPDATE',
      values: [id],
    });
    if (!rows[0]) throw noSuch('webhook');
    return rows[0];
  }

  async #read(client: pg.PoolClient, id: string): Promise<Webhook> {
    const { rows } = await client.query<Webhook>(this.store.one(id) as pg.QueryConfig);
    return rows[0] as Webhook;
  }

  async #assertReachable(url: string): Promise<void> {
    const complaint = await this.guard.complaintAbout(url);
    if (complaint) throw invalidField('url', complaint);
  }

  async #assertRoom(client: pg.PoolClient, team: OwnerTeam): Promise<void> {
    if (team === null) return;
    await client.query({ text: 'SELECT FROM team WHERE id = $1 FOR UPDATE', values: [team.id] });
    const { rows } = await client.query<{ n: number }>({
      text: 'SELECT count(*)::int AS n FROM webhook WHERE team_id = $1',
      values: [team.id],
    });
    if ((rows[0]?.n ?? 0) >= perTeam)
      throw new ApiError('conflict', `a team has at most ${perTeam} webhooks`);
  }
}

/** Of an address only the origin is noted: the rest may be as good as a secret, and the audit is kept for good. */
function deedOf(action: string, id: string, team: OwnerTeam, detail: Deed['detail'] = {}): Deed {
  return {
    action: `webhook.${action}`,
    team: team?.slug ?? null,
    target: { kind: 'webhook', id },
    detail,
  };
}
