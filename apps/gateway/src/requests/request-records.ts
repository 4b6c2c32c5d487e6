import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { Principal } from '../access/principal.ts';
import { noSuch } from '../answers/api-error.ts';
import { Database } from '../database/database.ts';
import { instant as instantSql } from '../database/instant.ts';
import { Cursors } from '../reading/cursor.ts';
import { instant, wholeNumber } from '../reading/list-query.ts';
import { Scope } from '../reading/scope.ts';
import { DeliveryLog } from '../webhooks/delivery-log.ts';
import type { RequestRecord, RequestStory, StoryDetail } from './request-record.ts';

export const requestQuery = z.strictObject({
  cursor: z.string().min(1).max(8192).optional().describe('pagination.next_cursor of the answer before'),
  limit: wholeNumber(1, 100).default(20).describe('20 unless told'),
  status: z
    .string()
    .regex(/^[1-5](\d\d|xx)$/, { error: 'must be a status like 503, or a class like 5xx' })
    .optional()
    .describe('a status like 503, or a class like 5xx'),
  connection: z.string().min(1).max(200).optional().describe('slug of one that was called for it'),
  since: instant.optional().describe('an RFC 3339 time, or a day'),
  slow: z
    .string()
    .regex(/^(true|\d{1,7})$/, { error: 'must be true, or a number of milliseconds' })
    .optional()
    .describe('true: what counts as slow; or what took at least so many milliseconds'),
});
export type RequestQuery = z.output<typeof requestQuery>;

interface Row {
  readonly seq: string;
  readonly record: RequestRecord;
}

/** Reads the log of requests: those of teams in which the caller may read them; root reads all. */
@Injectable()
export class RequestRecords {
  constructor(
    private readonly database: Database,
    private readonly cursors: Cursors,
    private readonly scope: Scope,
    private readonly deliveries: DeliveryLog,
  ) {}

  async page(
    query: RequestQuery,
    principal: Principal,
  ): Promise<{ records: RequestRecord[]; next: string | null }> {
    const { cursor, limit, ...filters } = query;
    const list = JSON.stringify(['requests', this.scope.rightsOf(principal), filters]);
    const values: unknown[] = [cursor === undefined ? null : this.cursors.open(list, cursor).id];
    const conditions = ['($1::bigint IS NULL OR seq < $1)', ...conditionsOf(filters, values)];
    const part = (own: string) => `SELECT seq::text AS seq, record FROM request
      WHERE ${[own, ...conditions].join(' AND ')} ORDER BY request.seq DESC LIMIT ${limit + 1}`;
    const teams = teamsOf(principal);
    const text =
      teams === undefined
        ? part('true')
        : `SELECT r.* FROM unnest($${values.push(teams)}::text[]) AS own(id) CROSS JOIN LATERAL (${part('team = own.id')}) r
            ORDER BY r.seq::bigint DESC LIMIT ${limit + 1}`;
    const rows = await this.database.query<Row>({ text, values });
    const last = rows[limit - 1];
    return {
      records: rows.slice(0, limit).map(({ record }) => record),
      next: rows.length > limit && last ? this.cursors.seal(list, { value: '', id: last.seq }) : null,
    };
  }

  /** The latest of that id, for callers may choose ids. */
  async one(id: string, principal: Principal): Promise<RequestStory> {
    const teams = teamsOf(principal);
    const [found] = await this.database.query<{ record: RequestRecord; detail: StoryDetail }>({
      name: 'request-one',
      text: `SELECT record, detail FROM request WHERE id = $1 AND ($2::text[] IS NULL OR team = ANY($2::text[]))
        ORDER BY seq DESC LIMIT 1`,
      values: [id, teams ?? null],
    });
    if (!found) throw noSuch('request, or it is not kept (any more)');
    const { record, detail } = found;
    const [writes, events, deliveries] = await Promise.all([
      this.#writes(id, record.principal?.id ?? ''),
      this.#events(id, principal),
      this.deliveries.causedBy(id, principal),
    ]);
    return { ...record, ...detail, writes, events, deliveries };
  }

  /** Only of the same principal: another's request may have had the same id. */
  #writes(id: string, principal: string): Promise<RequestStory['writes']> {
    return this.database.query({
      name: 'request-writes',
      text: 'SELECT id, state FROM operation WHERE request_id = $1 AND principal = $2 ORDER BY created_at LIMIT 50',
      values: [id, principal],
    });
  }

  /** Only those that the caller may hear of anyway. */
  #events(id: string, principal: Principal): Promise<RequestStory['events']> {
    const heard = principal.everything ? null : this.scope.visible(principal, 'events:read');
    return this.database.query({
      name: 'request-events',
      text: `SELECT id, type, sequence, ${instantSql('at')} AS at FROM event WHERE request_id = $1
        AND ($2::text[] IS NULL OR connection = ANY($2::text[])
          OR (connection IS NULL AND team = ANY($3::text[]))) ORDER BY sequence LIMIT 100`,
      values: [
        id,
        heard?.map(({ slug }) => slug) ?? null,
        principal.grants.filter(({ scopes }) => scopes.has('events:read')).map(({ team }) => team.id),
      ],
    });
  }
}

/** Ids of the teams whose requests the caller may read; undefined: all, and those of nobody. */
function teamsOf({ everything, grants }: Principal): string[] | undefined {
  if (everything) return undefined;
  return grants.filter(({ scopes }) => scopes.has('requests:read')).map(({ team }) => team.id);
}

function conditionsOf(
  { status, connection, since, slow }: Omit<RequestQuery, 'cursor' | 'limit'>,
  values: unknown[],
): string[] {
  const conditions: string[] = [];
  const add = (value: unknown) => `$${values.push(value)}`;
  if (status?.endsWith('xx')) {
    const first = Number(status[0]) * 100;
    conditions.push(`status >= ${first} AND status < ${first + 100}`);
  } else if (status !== undefined) conditions.push(`status = ${Number(status)}`);
  if (connection !== undefined) conditions.push(`${add(connection)} = ANY(connections)`);
  if (since !== undefined) conditions.push(`at >= ${add(since)}`);
  if (slow === 'true') conditions.push('slow');
  else if (slow !== undefined) conditions.push(`duration_ms >= ${Number(slow)}`);
  return conditions;
}
