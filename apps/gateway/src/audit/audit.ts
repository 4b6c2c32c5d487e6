import { Injectable, Logger } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type pg from 'pg';
import { newId } from '../access/ids.ts';
import type { Principal } from '../access/principal.ts';
import { ApiError } from '../answers/api-error.ts';
import { Database } from '../database/database.ts';
import { clientAddress } from '../http/client-address.ts';
import { uuidv7 } from '../http/request-id.ts';

/** refused: the caller may not, or asked for something impossible; failed: it was not the caller's fault. */
export const outcomes = ['done', 'refused', 'failed'] as const;
export type Outcome = (typeof outcomes)[number];

/** One thing that somebody did. Nothing in it may be secret: it is kept for good. */
export interface Deed {
  /** thing and what was done with it, like api_key.create */
  readonly action: string;
  /** slug of the team whose audit it belongs to; null: only root sees it */
  team?: string | null;
  target?: { readonly kind: string; readonly id: string };
  detail?: Readonly<Record<string, unknown>>;
  /** who did it, where that is not the one who calls */
  actor?: Pick<Principal, 'id' | 'kind' | 'name'>;
}

interface Noted extends Omit<Deed, 'actor'> {
  readonly outcome: Outcome;
  readonly actor: Deed['actor'] | null;
  readonly requestId: string;
  readonly address: string | null;
}

type Executor = Pick<pg.PoolClient, 'query'>;

/** Who did what to which thing, when, from where, and what came of it. Rows can be added, and nothing else. */
@Injectable()
export class Audit {
  readonly #log = new Logger('Audit');
  /** those of which something was noted already */
  readonly #noted = new WeakSet<FastifyRequest>();

  constructor(private readonly database: Database) {}

  /** Notes a deed; in the transaction of `client` where that is what makes it so. */
  async record(
    request: FastifyRequest,
    deed: Deed & { outcome: Outcome },
    client: Executor = this.database.pool,
  ): Promise<void> {
    const { id, principal } = request;
    this.#noted.add(request);
    await this.#add(
      { ...deed, actor: deed.actor ?? principal, requestId: id, address: clientAddress(request) },
      client,
    );
  }

  /** Notes what the gateway did by itself: nobody's deed, and of no request. */
  async recordOwn(deed: Deed & { outcome: Outcome }, client: Executor): Promise<void> {
    await this.#add({ ...deed, actor: null, requestId: uuidv7(), address: null }, client);
  }

  async #add(noted: Noted, client: Executor): Promise<void> {
    const { action, team = null, target, detail = {}, outcome, actor, requestId, address } = noted;
    await client.query({
      name: 'audit_add',
      text: `INSERT INTO audit (id, actor_id, actor_kind, actor_name, team, action, target_kind, target_id, outcome,
          request_id, address, detail)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
      values: [
        newId('audit'),
        actor?.id ?? null,
        actor?.kind ?? null,
        actor?.name ?? null,
        team,
        action,
        target?.kind ?? null,
        target?.id ?? null,
        outcome,
        requestId,
        address,
        JSON.stringify(detail),
      ],
    });
  }

  /**
   * Makes a change of our own database and notes it, both or neither; a change that is refused or fails is noted too. `work`
   * may complete the deed by what it learns (the id of what it made).
   */
  async change<T>(
    request: FastifyRequest,
    deed: Deed,
    work: (client: pg.PoolClient, deed: Deed) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.database.transaction(async (client) => {
        const outcome = await work(client, deed);
        await this.record(request, { ...deed, outcome: 'done' }, client);
        return outcome;
      });
    } catch (error) {
      await this.recordFailure(request, deed, error);
      throw error;
    }
  }

  /** Notes that a caller was not allowed to change something, where whoever refused it did not. */
  async recordRefusal(request: FastifyRequest, error: unknown): Promise<void> {
    const { principal, method, routeOptions } = request;
    const refused = error instanceof ApiError && error.code === 'forbidden';
    if (!refused || !principal || method === 'GET' || method === 'HEAD' || this.#noted.has(request)) return;
    const deed: Deed = {
      action: `${method} ${routeOptions.url}`,
      team: principal.team?.slug ?? null,
      detail: { path: request.url.split('?', 1)[0] },
    };
    await this.recordFailure(request, deed, error);
  }

  /** Notes what did not come about. That it cannot be noted is logged, and hides nothing of why it did not come about. */
  async recordFailure(request: FastifyRequest, deed: Deed, error: unknown): Promise<void> {
    const known = error instanceof ApiError ? error : undefined;
    const outcome = known && known.status < 500 ? 'refused' : 'failed';
    const detail = { ...deed.detail, code: known?.code ?? 'internal_error' };
    try {
      await this.record(request, { ...deed, detail, outcome });
    } catch (unrecorded) {
      // the caller has to hear of the first failure, not of this one
      this.#log.error(
        `cannot be noted in the audit: ${deed.action} of request ${request.id}: ${String(unrecorded)}`,
      );
    }
  }
}
