import { Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ApiError } from '../../answers/api-error.ts';
import { callerOf } from '../../http/current.ts';
import { tokenOf } from '../authentications.ts';
import { type Principal, plans, type TeamRef } from '../principal.ts';
import { QUOTA, type Quota } from '../quota.ts';
import { roles, scopes } from '../scopes.ts';
import { UserChanges } from '../users/user-changes.ts';
import { Logins } from './logins.ts';
import { Password } from './passwords.ts';

export const TeamSummary = z.object({
  id: z.string(),
  slug: z.string(),
  name: z.string(),
  plan: z.enum(plans),
  hourly_limit: z.number().int().nullable().describe('null: what the plan says'),
});

export const Me = z
  .object({
    id: z.string(),
    kind: z.enum(['root', 'user', 'api_key', 'client', 'external']),
    name: z.string(),
    team: TeamSummary.nullable().describe('whose plan pays, and to whom belongs what you make'),
    teams: z.array(TeamSummary.extend({ role: z.enum(roles).nullable(), scopes: z.array(z.enum(scopes)) })),
    everything: z.boolean().describe('true: every scope in every team (root)'),
    quota: z
      .object({ limit: z.number(), remaining: z.number(), reset: z.number().describe('Unix seconds') })
      .nullable()
      .describe('what is left of the plan; null: no limit'),
  })
  .meta({ id: 'Me' });

export const PasswordChange = z
  .strictObject({ current_password: z.string().min(1).max(200), new_password: Password })
  .meta({ id: 'PasswordChange' });

/** What callers can ask and change about themselves. */
@Injectable()
export class OwnAccount {
  constructor(
    @Inject(QUOTA) private readonly quota: Quota,
    private readonly logins: Logins,
    private readonly changes: UserChanges,
  ) {}

  async facts(principal: Principal): Promise<z.infer<typeof Me>> {
    const { id, kind, name, team, grants, everything = false } = principal;
    return {
      id,
      kind,
      name,
      team: team && summaryOf(team),
      teams: grants.map((grant) => ({
        ...summaryOf(grant.team),
        role: grant.role,
        scopes: scopes.filter((scope) => grant.scopes.has(scope)),
      })),
      everything,
      quota: await this.quota.left(principal),
    };
  }

  /** Whoever has stolen a token does not have the password; and where it is changed, every other login ends. */
  async changePassword(
    { current_password, new_password }: z.output<typeof PasswordChange>,
    request: FastifyRequest,
  ): Promise<void> {
    const { principal } = callerOf(request);
    if (principal.kind !== 'user') throw new ApiError('conflict', 'only users have a password');
    await this.logins.verified(principal.name, current_password, request);
    await this.changes.setPassword(
      principal.id,
      new_password,
      request,
      tokenOf(request.headers.authorization),
    );
  }
}

function summaryOf({ id, slug, name, plan, hourlyLimit }: TeamRef): z.infer<typeof TeamSummary> {
  return { id, slug, name, plan, hourly_limit: hourlyLimit };
}
