import { Fault, type FaultCode, type Kind } from '@fleetgate/model';
import { Inject, Injectable } from '@nestjs/common';
import type pg from 'pg';
import type { Connection } from '../../connections/connection.ts';
import { Database } from '../../database/database.ts';
import { tellOf } from '../../events/outbox.ts';
import { Revisions, sourceKind } from '../revisions.ts';
import { bump } from '../signals.ts';
import { Sources } from '../sources.ts';
import { TIMING, type Timing } from '../timing.ts';
import type { Lease } from './lease.ts';
import { backoff, nextInterval } from './pace.ts';
import { forgetSeen, type WalkState } from './walk-state.ts';

/** How callers of the API hear of a fault that happened to a sync, not to them. */
const codes: Partial<Record<FaultCode, string>> = {
  unauthenticated: 'upstream_auth_failed',
  forbidden: 'upstream_auth_failed',
  rate_limited: 'upstream_rate_limited',
  unavailable: 'upstream_unavailable',
  timeout: 'upstream_timeout',
};
const otherCode = 'upstream_error';

export const massDeletion = 'mass_deletion_suspected';

const noWalk =
  'walk = NULL, walk_started = NULL, walk_cursor = NULL, walk_pages = 0, walk_phase = NULL, walk_shifted = false';

/** Failures in a row after which a walk that breaks off at the same page is begun anew. */
const patience = 3;

/** Records how walks ended, and tells every replica. */
@Injectable()
export class Outcomes {
  constructor(
    private readonly database: Database,
    private readonly revisions: Revisions,
    private readonly sources: Sources,
    @Inject(TIMING) private readonly timing: Timing,
  ) {}

  /** The walk of a kind is done. `whole`: whatever it has not seen is known to be gone. */
  async finished(lease: Lease, { syncIntervalMs }: Connection, kind: Kind, state: WalkState, whole: boolean) {
    await this.#record(lease, async (client) => {
      await forgetSeen(client, lease.connection, kind);
      await client.query({
        text: `UPDATE sync_kind SET observed_at = CASE WHEN $3 THEN $4::timestamptz ELSE observed_at END,
            due_at = now() + $5 * interval '1 ms', hold_until = NULL, error_code = NULL, error_message = NULL,
            failing_since = NULL, failures = 0, suspect = false, ${noWalk}
          WHERE connection = $1 AND kind = $2`,
        values: [
          lease.connection,
          kind,
          whole,
          new Date(state.startedMs).toISOString(),
          nextInterval(syncIntervalMs, this.timing.random()),
        ],
      });
    });
  }

  /** A finished walk has missed so much that it is believed only when the next one says the same. */
  async suspected(lease: Lease, { syncIntervalMs }: Connection, kind: Kind, missing: number, live: number) {
    await this.#record(lease, async (client) => {
      await forgetSeen(client, lease.connection, kind);
      await client.query({
        text: `UPDATE sync_kind SET due_at = now() + $3 * interval '1 ms', hold_until = NULL, error_code = $4, error_message = $5,
            failing_since = coalesce(failing_since, now()), failures = failures + 1, suspect = true, ${noWalk}
          WHERE connection = $1 AND kind = $2`,
        values: [
          lease.connection,
          kind,
          nextInterval(syncIntervalMs, this.timing.random()),
          massDeletion,
          `the upstream no longer lists ${missing} of ${live}: nothing is removed until a second sync finds the same`,
        ],
      });
    });
  }

  /** A kind could not be walked to its end. What is known of it stays; the walk can go on from its last page. */
  async failed(lease: Lease, kind: Kind, fault: Fault, before: number): Promise<void> {
    const failures = before + 1;
    const restart = fault.code === 'invalid' || (fault.code === 'unexpected' && failures % patience === 0);
    await this.#record(lease, async (client) => {
      if (restart) await forgetSeen(client, lease.connection, kind);
      await client.query({
        text: `INSERT INTO sync_kind AS k (connection, kind, due_at, error_code, error_message, failing_since, failures)
          VALUES ($1, $2, now() + $3 * interval '1 ms', $4, $5, now(), 1)
          ON CONFLICT (connection, kind) DO UPDATE SET due_at = excluded.due_at,
            error_code = CASE WHEN $7 THEN coalesce(k.error_code, excluded.error_code) ELSE excluded.error_code END,
            error_message = CASE WHEN $7 THEN coalesce(k.error_message, excluded.error_message) ELSE excluded.error_message END, failing_since = coalesce(k.failing_since, excluded.failing_since),
            failures = k.failures + 1, hold_until = now() + $6 * interval '1 ms'${restart ? `, ${noWalk}` : ''}`,
        values: [
          lease.connection,
          kind,
          backoff(failures, fault.retryAfterMs, this.timing.random()),
          codes[fault.code] ?? otherCode,
          fault.message,
          fault.retryAfterMs ?? 0,
          // Not asked, for it has failed before: how it failed then tells more.
          !fault.sent && fault.retryAfterMs !== undefined,
        ],
      });
    });
  }

  /** The run over all kinds ends, and the lease with it. `complete`: it got to the end of what it had to do. */
  async released(
    lease: Lease,
    kinds: readonly Kind[],
    complete: boolean,
    ranMs: number | undefined,
  ): Promise<void> {
    await this.#record(lease, async (client) => {
      await client.query({
        text: `UPDATE sync_state SET run_ms = coalesce($4::bigint, run_ms), served = CASE WHEN $3 THEN serving ELSE served END,
            due_at = CASE WHEN NOT $3 OR requested > serving THEN now() ELSE coalesce(
              (SELECT min(k.due_at) FROM sync_kind k WHERE k.connection = $1 AND k.kind = ANY($2::text[])), now()) END
          WHERE connection = $1`,
        values: [lease.connection, kinds, complete, ranMs === undefined ? null : Math.round(ranMs)],
      });
      await this.#announce(client, lease, kinds);
      await lease.release(client);
    });
  }

  /** Tells of a connection that is known in full for the first time, has begun to fail, or has recovered. */
  async #announce(client: pg.PoolClient, { connection }: Lease, kinds: readonly Kind[]): Promise<void> {
    const { rows } = await client.query<{
      provider: string;
      synced: boolean;
      was: boolean;
      is: boolean;
      known: boolean;
    }>({
      text: `SELECT s.provider, s.synced_at IS NOT NULL AS synced, s.failing AS was, coalesce(k.failing, false) AS is,
          coalesce(k.known, 0) = cardinality($2::text[]) AS known
        FROM sync_state s LEFT JOIN LATERAL (SELECT bool_or(failing_since IS NOT NULL) AS failing, count(observed_at) AS known
          FROM sync_kind WHERE connection = s.connection AND kind = ANY($2::text[])) k ON true
        WHERE s.connection = $1`,
      values: [connection, kinds],
    });
    const [state] = rows;
    if (!state) return;
    const body = { id: connection, provider: state.provider };
    const say = (change: string) => tellOf(client, { kind: 'connection', change, connection, body });
    if (state.known && !state.synced) {
      await client.query({
        text: 'UPDATE sync_state SET synced_at = now() WHERE connection = $1',
        values: [connection],
      });
      await say('synced');
    }
    if (state.was === state.is) return;
    await client.query({
      text: 'UPDATE sync_state SET failing = $2 WHERE connection = $1',
      values: [connection, state.is],
    });
    await say(state.is ? 'failing' : 'recovered');
  }

  /** Writes in one transaction under the lease. This process knows of it when this resolves, the others a moment later. */
  async #record(lease: Lease, work: (client: pg.PoolClient) => Promise<void>): Promise<void> {
    const revision = await this.database.transaction(async (client) => {
      await lease.hold(client);
      await work(client);
      return bump(client, lease.connection);
    });
    await this.sources.reload(lease.connection);
    this.revisions.note(lease.connection, sourceKind, revision);
  }
}
