import { Instant } from '@fleetgate/model';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { type Principal, teamsWith } from '../access/principal.ts';
import { Database, type Statement } from '../database/database.ts';
import { instant } from '../database/instant.ts';
import { Cursors } from '../reading/cursor.ts';
import { wholeNumber } from '../reading/list-query.ts';
import { Scope } from '../reading/scope.ts';
import { outcomes } from './audit.ts';

export const AuditRecord = z
  .object({
    id: z.string(),
    at: Instant,
    actor: z.object({ id: z.string(), kind: z.string(), name: z.string() }).nullable(),
    team: z.string().nullable().describe('slug'),
    action: z.string(),
    target: z.object({ kind: z.string(), id: z.string() }).nullable(),
    outcome: z.enum(outcomes),
    request_id: z.string(),
    address: z.string().nullable().describe('where the request came from'),
    detail: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'AuditRecord' });
export type AuditRecord = z.infer<typeof AuditRecord>;

export const auditQuery = z.strictObject({
  cursor: z.string().min(1).max(8192).optional().describe('pagination.next_cursor of the answer before'),
  limit: wholeNumber(1, 100).default(20).describe('20 unless told'),
  team: z.string().min(1).max(200).optional().describe('slug of a team'),
  actor: z.string().min(1).max(200).optional().describe('id of who did it'),
  target: z.string().min(1).max(3000).optional().describe('id of what it was done to'),
});
export type AuditQuery = z.output<typeof auditQuery>;

type Row = AuditRecord & { readonly place: string };

const columns = `audit.seq::text AS place, id, ${instant('at')} AS at, team, action, outcome, request_id, address, detail,
  CASE WHEN actor_id IS NOT NULL THEN json_build_object('id', actor_id, 'kind', actor_kind, 'name', actor_name) END AS actor,
  CASE WHEN target_id IS NOT NULL THEN json_build_object('kind', target_kind, 'id', target_id) END AS target`;

/** What was done, newest first, to those who may read it: in the teams where they may; root, everywhere. */
@Injectable()
export class AuditTrail {
  constructor(
    private readonly database: Database,
    private readonly cursors: Cursors,
    private readonly scope: Scope,
  ) {}

  async page(
    query: AuditQuery,
    principal: Principal,
  ): Promise<{ records: AuditRecord[]; next: string | null }> {
    const { cursor, limit, team, actor, target } = query;
    const list = JSON.stringify(['audit', this.scope.rightsOf(principal), team, actor, target]);
    const readable = teamsWith(principal, 'audit:read');
    const teams = team === undefined ? readable : [team].filter((one) => readable?.includes(one) ?? true);
    const before = cursor === undefined ? null : this.cursors.open(list, cursor).id;
    const rows = await this.database.query<Row>(
      statement({ teams, before, actor, target, limit: limit + 1 }),
    );
    const records = rows.slice(0, limit);
    const last = records.at(-1);
    return {
      records: records.map(({ place: _, ...record }) => record),
      next: rows.length > limit && last ? this.cursors.seal(list, { value: '', id: last.place }) : null,
    };
  }
}

interface Wanted {
  readonly teams: readonly string[] | undefined;
  readonly before: string | null;
  readonly actor: string | undefined;
  readonly target: string | undefined;
  readonly limit: number;
}

/** Each team's part is read by its own index, so that a quiet team's audit is not searched for among everybody's. */
function statement({ teams, before, actor, target, limit }: Wanted): Statement {
  const values: unknown[] = [before];
  const and = (column: string, value: string | undefined) => {
    if (value === undefined) return '';
    values.push(value);
    return `AND ${column} = $${values.length}`;
  };
  const filter = `($1::bigint IS NULL OR seq < $1) ${and('actor_id', actor)} ${and('target_id', target)}`;
  const order = `ORDER BY seq DESC LIMIT ${limit}`;
  if (teams === undefined) return { text: `SELECT ${columns} FROM audit WHERE ${filter} ${order}`, values };
  values.push(teams);
  return {
    text: `SELECT a.* FROM unnest($${values.length}::text[]) AS own(slug)
      CROSS JOIN LATERAL (SELECT ${columns} FROM audit WHERE team = own.slug AND ${filter} ${order}) a
      ORDER BY a.place::bigint DESC LIMIT ${limit}`,
    values,
  };
}
