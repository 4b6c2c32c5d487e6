import { randomUUID } from 'node:crypto';
import type { ErrorBody, ErrorDetail, OperationState } from '@fleetgate/model';
import type { JournalStore, StepRecord } from '@fleetgate/provider-runtime';
import { Inject, Injectable } from '@nestjs/common';
import type { Connection } from '../connections/connection.ts';
import { Database } from '../database/database.ts';
import { SEALER, type Sealer } from '../sealing/sealer.ts';
import type { Operation, Write } from './operation.ts';

export type OperationError = Pick<ErrorBody['error'], 'code' | 'message'> & { details: ErrorDetail[] };

/** What a process needs to carry an operation out, or on. */
export interface OperationTask {
  readonly id: string;
  readonly connection: string;
  readonly write: Write;
  readonly requestId: string;
  readonly traceparent: string;
}

export interface NewOperation extends Omit<OperationTask, 'connection'> {
  readonly connection: Connection;
  readonly principal: string;
}

export type Start =
  | { readonly state: 'ours' }
  /** it ended before, or is under way in another process */
  | { readonly state: OperationState };

/** How long a process may be silent before another takes its operations over, and how long ended ones are kept. */
const lease = '15 seconds';
const kept = '7 days';
const atMost = 500;

/** Operations and their steps, in the database, so that any process can go on with what another one began. */
@Injectable()
export class OperationStore {
  readonly #owner = randomUUID();

  constructor(
    private readonly database: Database,
    @Inject(SEALER) private readonly sealer: Sealer,
  ) {}

  /** Begins an operation, or takes up the one of that id where it broke off. */
  async start({ id, connection, principal, write, requestId, traceparent }: NewOperation): Promise<Start> {
    const [ours] = await this.database.query<{ id: string }>({
      name: 'operation-start',
      text: `INSERT INTO operation AS o (id, principal, connection, provider, kind, action, input, state, request_id,
          traceparent, owner, lease_until)
        VALUES ($1, $2, $3, $4, $5, $6, $7, 'running', $8, $9, $10, now() + interval '${lease}')
        ON CONFLICT (id) DO UPDATE SET state = 'running', error = NULL, owner = excluded.owner, updated_at = now(),
          lease_until = excluded.lease_until, attempts = o.attempts + 1
        WHERE o.state IN ('unresolved', 'failed') OR (o.state = 'running' AND o.lease_until <= now())
        RETURNING id`,
      values: [
        id,
        principal,
        connection.slug,
        connection.definition.id,
        write.kind,
        write.action,
        this.sealer.seal(id, JSON.stringify(write)),
        requestId,
        traceparent,
        this.#owner,
      ],
    });
    if (ours) return { state: 'ours' };
    const [found] = await this.database.query<{ state: OperationState }>({
      text: 'SELECT state FROM operation WHERE id = $1',
      values: [id],
    });
    return { state: found?.state ?? 'running' };
  }

  /** Operations whose process is gone: they are ours from now on. */
  async takeLost(connections: readonly string[], most: number): Promise<OperationTask[]> {
    const rows = await this.database.query<{
      id: string;
      connection: string;
      input: Buffer;
      requestId: string;
      traceparent: string;
    }>({
      name: 'operation-lost',
      text: `UPDATE operation SET owner = $1, lease_until = now() + interval '${lease}', attempts = attempts + 1
        WHERE id IN (SELECT id FROM operation WHERE state = 'running' AND lease_until <= now()
          AND connection = ANY($2::text[]) ORDER BY lease_until LIMIT $3 FOR UPDATE SKIP LOCKED)
        RETURNING id, connection, input, request_id AS "requestId", traceparent`,
      values: [this.#owner, connections, most],
    });
    const tasks: OperationTask[] = [];
    for (const { input, ...row } of rows) {
      const text = this.sealer.open(row.id, input);
      if (text !== undefined) tasks.push({ ...row, write: JSON.parse(text) as Write });
      else await this.#end(row.id, 'unresolved', null, unreadable);
    }
    return tasks;
  }

  async renew(ids: readonly string[]): Promise<void> {
    await this.database.query({
      name: 'operation-renew',
      text: `UPDATE operation SET lease_until = now() + interval '${lease}'
        WHERE id = ANY($1::text[]) AND owner = $2 AND state = 'running'`,
      values: [ids, this.#owner],
    });
  }

  async succeeded(id: string, resourceId: string): Promise<void> {
    await this.#end(id, 'succeeded', resourceId, null);
  }

  /** `unresolved` when a step may have taken effect, or did; `failed` when nothing of it is left upstream. */
  async broke(id: string, error: OperationError): Promise<void> {
    await this.database.query({
      text: `UPDATE operation SET state = CASE WHEN EXISTS
            (SELECT FROM operation_step s WHERE s.operation_id = $1 AND s.state = 'begun') THEN 'unresolved' ELSE 'failed' END,
          error = $2::json, lease_until = NULL, updated_at = now()
        WHERE id = $1 AND owner = $3`,
      values: [id, JSON.stringify(error), this.#owner],
    });
  }

  async #end(id: string, state: OperationState, resourceId: string | null, error: OperationError | null) {
    await this.database.query({
      name: 'operation-end',
      text: `UPDATE operation SET state = $2, resource_id = coalesce($3, resource_id), error = $4::json, lease_until = NULL,
          updated_at = now() WHERE id = $1 AND owner = $5`,
      values: [id, state, resourceId, error === null ? null : JSON.stringify(error), this.#owner],
    });
  }

  /** The steps of one operation. `prefix` keeps two calls of a provider within one operation apart. */
  journal(id: string, prefix: string): JournalStore {
    const { database } = this;
    return {
      async read(step) {
        const [row] = await database.query<StepRecord>({
          name: 'step-read',
          text: `SELECT CASE state WHEN 'noted' THEN 'done' ELSE state END AS state, result, round(date_part('epoch', began_at) * 1000) AS "begunAt",
              round(date_part('epoch', tried_at) * 1000) AS "triedAt"
            FROM operation_step WHERE operation_id = $1 AND name = $2`,
          values: [id, `${prefix}${step}`],
        });
        return row;
      },
      async begin(step, at) {
        await database.query({
          name: 'step-begin',
          text: `INSERT INTO operation_step (operation_id, name, state, began_at, tried_at)
            VALUES ($1, $2, 'begun', $3::timestamptz, $3::timestamptz)
            ON CONFLICT (operation_id, name) DO UPDATE SET tried_at = excluded.tried_at`,
          values: [id, `${prefix}${step}`, new Date(at).toISOString()],
        });
      },
      async finish(step, result) {
        await database.query({
          name: 'step-finish',
          text: `UPDATE operation_step SET state = 'done', ended_at = now(), result = $3::json
            WHERE operation_id = $1 AND name = $2`,
          values: [id, `${prefix}${step}`, JSON.stringify(result)],
        });
      },
      async note(name, result) {
        await database.query({
          name: 'step-note',
          text: `INSERT INTO operation_step (operation_id, name, state, began_at, tried_at, ended_at, result)
            VALUES ($1, $2, 'noted', now(), now(), now(), $3::json) ON CONFLICT (operation_id, name) DO NOTHING`,
          values: [id, `${prefix}${name}`, JSON.stringify(result)],
        });
      },
      async refuse(step) {
        await database.query({
          name: 'step-refuse',
          text: 'DELETE FROM operation_step WHERE operation_id = $1 AND name = $2',
          values: [id, `${prefix}${step}`],
        });
      },
    };
  }

  async find(id: string): Promise<Operation | undefined> {
    const [row] = await this.database.query<Omit<Operation, 'left_behind' | 'connection'> & Origin>({
      name: 'operation-find',
      text: `SELECT o.id, o.state, o.connection AS slug, o.provider, o.kind, o.action, o.resource_id, o.error, o.request_id,
          ${instant('o.created_at')} AS created_at, ${instant('o.updated_at')} AS updated_at,
          coalesce((SELECT json_agg(json_build_object('name', s.name, 'state', s.state, 'began_at', ${instant('s.began_at')},
            'ended_at', ${instant('s.ended_at')}, 'result', s.result) ORDER BY s.position)
            FROM operation_step s WHERE s.operation_id = o.id AND s.state <> 'noted'), '[]') AS steps
        FROM operation o WHERE o.id = $1`,
      values: [id],
    });
    if (!row) return undefined;
    const { slug, provider, id: own, state, kind, action, resource_id, steps, error, ...rest } = row;
    return {
      id: own,
      state,
      connection: { id: slug, provider },
      kind,
      action,
      resource_id,
      steps,
      error,
      left_behind: state === 'failed' || state === 'unresolved' ? steps.map(({ name }) => name) : [],
      ...rest,
    };
  }

  async removeOld(): Promise<void> {
    await this.database.query({
      text: `DELETE FROM operation WHERE id IN (SELECT id FROM operation
        WHERE created_at < now() - interval '${kept}' AND state <> 'running' LIMIT ${atMost})`,
    });
  }
}

interface Origin {
  slug: string;
  provider: string;
}

const unreadable: OperationError = {
  code: 'outcome_unknown',
  message: 'it was begun under another FLEETGATE_SECRET_KEY and cannot be read',
  details: [],
};

function instant(column: string): string {
  return `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}
