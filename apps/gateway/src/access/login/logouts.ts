import { Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ApiError } from '../../answers/api-error.ts';
import { Audit } from '../../audit/audit.ts';
import { callerOf } from '../../http/current.ts';
import { AccessChanges } from '../access-changes.ts';
import { Authentications, tokenOf } from '../authentications.ts';

/** Ends what the caller came with. */
@Injectable()
export class Logouts {
  constructor(
    private readonly authentications: Authentications,
    private readonly changes: AccessChanges,
    private readonly audit: Audit,
  ) {}

  async logout(request: FastifyRequest): Promise<void> {
    const { principal } = callerOf(request);
    const token = tokenOf(request.headers.authorization) as string;
    const authenticator = this.authentications.authenticatorOf(token);
    if (!authenticator?.end) {
      throw new ApiError(
        'conflict',
        'a key has no login to end: revoke it at /v1/api-keys, where it is to end',
      );
    }
    const deed = { action: 'logout', team: principal.team?.slug ?? null };
    const ids = await this.audit.change(request, deed, async (client) => {
      const ended = (await authenticator.end?.(token, client)) ?? [];
      await this.changes.say(client, ended);
      return ended;
    });
    this.changes.apply(ids);
  }
}
