import { Body, Controller, HttpCode, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Access } from '../access/access.ts';
import { AccessChanges } from '../access/access-changes.ts';
import { ApiError } from '../answers/api-error.ts';
import { Audit } from '../audit/audit.ts';
import { AnswersChange } from '../docs/documented.ts';
import { writeData } from '../http/answers.ts';
import { callerOf } from '../http/current.ts';
import { validated } from '../http/validation.ts';
import { noQuery } from '../reading/list-query.ts';
import { SigningKeys } from './signing-keys.ts';

const rotation = z
  .strictObject({
    forget_previous: z
      .boolean()
      .default(false)
      .describe('true: every key that has signed so far counts no more, and so do the tokens that it signed'),
  })
  .nullish()
  .transform((given) => given ?? { forget_previous: false });
type Rotation = z.output<typeof rotation>;

const Keys = z
  .object({
    keys: z.array(
      z.object({
        kid: z.string(),
        state: z.enum(['current', 'next', 'previous']),
        created_at: z.string(),
        retires_at: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'OAuthKeys' });

@Controller('v1/oauth/keys')
export class OAuthKeysController {
  constructor(
    private readonly keys: SigningKeys,
    private readonly audit: Audit,
    private readonly changes: AccessChanges,
  ) {}

  @Post('rotate')
  @HttpCode(200)
  @Access.signedIn()
  @AnswersChange('oauth', 'Sign tokens with the next key from now on (root only)', Keys)
  async rotate(
    @Body({ schema: rotation, pipes: [validated] }) { forget_previous: forget }: Rotation,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    if (!callerOf(request).principal.everything) {
      throw new ApiError('forbidden', 'keys are rotated with the root key');
    }
    const before = await this.keys.ring();
    const gone = forget ? before.keys.map(({ kid }) => kid) : [];
    const deed = { action: 'oauth_keys.rotate', detail: { forget_previous: forget } };
    await this.audit.change(request, deed, async (client) => {
      await this.keys.rotate(client, { forget });
      if (forget) await this.changes.say(client, gone);
    });
    if (forget) this.changes.apply(gone);
    const { keys } = await this.keys.reload();
    writeData(request, reply, {
      keys: keys.map(({ kid, state, createdAt, retiresAt }) => ({
        kid,
        state,
        created_at: createdAt,
        retires_at: retiresAt,
      })),
    });
  }
}
