import type { Clock } from '@fleetgate/provider-spec';
import { Inject, Injectable } from '@nestjs/common';
import { grantIn, type Principal } from '../access/principal.ts';
import { noSuch } from '../answers/api-error.ts';
import { Database, type Statement } from '../database/database.ts';
import { CLOCK } from './clock.ts';
import { type Webhook, webhookColumns, webhookTable } from './webhook.ts';
import { assertMay, noSuchTeam, type OwnerTeam, teamsSeen } from './webhook-rights.ts';

/** Reads webhooks, for those who may see them. */
@Injectable()
export class WebhookStore {
  constructor(
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Those of the caller's teams, or of one of them, the oldest first. */
  async list(principal: Principal, team: string | undefined, page: number, limit: number) {
    const seen = teamsSeen(principal) ?? null;
    const values = [seen, team ?? null];
    const where = `($1::text[] IS NULL OR t.slug = ANY($1::text[])) AND ($2::text IS NULL OR t.slug = $2 OR t.id = $2)`;
    const webhooks = await this.database.query<Webhook>({
      text: `SELECT ${webhookColumns('$3')} FROM ${webhookTable} WHERE ${where}
        ORDER BY w.id LIMIT ${limit} OFFSET ${(page - 1) * limit}`,
      values: [...values, this.#now()],
    });
    const [count] = await this.database.tuples<[number]>({
      text: `SELECT count(*) FROM ${webhookTable} WHERE ${where}`,
      values,
    });
    return { webhooks, total: count?.[0] ?? 0 };
  }

  async get(
    id: string,
    principal: Principal,
    scope: 'webhooks:read' | 'webhooks:write' = 'webhooks:read',
  ): Promise<Webhook> {
    const [webhook] = await this.database.query<Webhook>(this.one(id));
    if (!webhook) throw noSuch('webhook');
    assertMay(principal, scope, webhook.team);
    return webhook;
  }

  one(id: string): Statement {
    return {
      name: 'webhook-by-id',
      text: `SELECT ${webhookColumns('$2')} FROM ${webhookTable} WHERE w.id = $1`,
      values: [id, this.#now()],
    };
  }

  /** The team that a new one is to be of: the one that is named, or that the caller works for; root's own are of none. */
  async teamFor(named: string | undefined, principal: Principal): Promise<OwnerTeam> {
    if (named === undefined) return principal.team;
    if (!principal.everything) {
      const team = grantIn(principal, named)?.team;
      if (!team) throw noSuchTeam();
      return team;
    }
    const [team] = await this.database.query<{ id: string; slug: string }>({
      text: 'SELECT id, slug FROM team WHERE slug = $1 OR id = $1',
      values: [named],
    });
    if (!team) throw noSuchTeam();
    return team;
  }

  #now(): string {
    return new Date(this.clock.now()).toISOString();
  }
}
