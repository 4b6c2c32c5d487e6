import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ApiError, invalidField } from '../../answers/api-error.ts';
import { Audit } from '../../audit/audit.ts';
import { clientAddress } from '../../http/client-address.ts';
import { grantIn, type Principal } from '../principal.ts';
import { Users } from '../users/users.ts';
import { LoginAttempts } from './login-attempts.ts';
import { LoginSessions } from './login-sessions.ts';
import { Passwords } from './passwords.ts';

export const LoginInput = z
  .strictObject({
    user_name: z.string().min(1).max(200).toLowerCase(),
    password: z.string().min(1).max(200),
    team: z
      .string()
      .min(1)
      .max(200)
      .optional()
      .describe('slug or id of the team to work for, whose plan pays; left out: the first one of the user'),
  })
  .meta({ id: 'Login' });
export type LoginInput = z.output<typeof LoginInput>;

export const LoginAnswer = z
  .object({
    token: z.string().describe('shown once: Authorization: Bearer <token>'),
    token_type: z.literal('Bearer'),
    expires_at: z.string(),
    user: z.object({ id: z.string(), user_name: z.string() }),
  })
  .meta({ id: 'LoginToken' });

const wrong = () =>
  new ApiError('unauthorized', 'wrong user name or password', {
    headers: { 'www-authenticate': 'Bearer realm="fleetgate"' },
  });

/** Logging in by name and password, and out again. */
@Injectable()
export class Logins {
  constructor(
    private readonly users: Users,
    private readonly passwords: Passwords,
    private readonly attempts: LoginAttempts,
    private readonly sessions: LoginSessions,
    private readonly audit: Audit,
  ) {}

  async login(
    { user_name, password, team }: LoginInput,
    request: FastifyRequest,
  ): Promise<z.infer<typeof LoginAnswer>> {
    const principal = await this.verified(user_name, password, request);
    const chosen = team === undefined ? null : grantIn(principal, team)?.team;
    if (chosen === undefined) throw invalidField('team', 'you are not a member of such a team');
    const deed = {
      action: 'login',
      team: (chosen ?? principal.team)?.slug ?? null,
      target: { kind: 'user', id: principal.id },
      actor: principal,
    };
    const { token, expires_at } = await this.audit.change(request, deed, (client) =>
      this.sessions.begin(client, principal.id, chosen?.id ?? null),
    );
    const user = { id: principal.id, user_name: principal.name };
    return { token, token_type: 'Bearer', expires_at, user };
  }

  /**
   * Who has that name and password. The oauth server's login page asks here too, so that attempts count together. Whether the
   * name, the password or the account is at fault cannot be told from the answer, nor from how long it takes.
   */
  async verified(userName: string, password: string, request: FastifyRequest): Promise<Principal> {
    const address = clientAddress(request);
    await this.attempts.begin(userName, address);
    const user = await this.users.byName(userName);
    const same = await this.passwords.matches(user?.password_hash, password);
    const standing = same && user ? await this.users.standing(user.id) : undefined;
    if (!standing) {
      const refused = wrong();
      // The name is told only where it is one: people type passwords there too.
      const target = user ? { target: { kind: 'user', id: user.id } } : {};
      await this.audit.recordFailure(request, { action: 'login', ...target }, refused);
      throw refused;
    }
    await this.attempts.succeeded(userName, address);
    return standing.principal;
  }
}
