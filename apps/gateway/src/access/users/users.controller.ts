import { Body, Controller, Param, Patch, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AnswersChange } from '../../docs/documented.ts';
import { writeData } from '../../http/answers.ts';
import { validated } from '../../http/validation.ts';
import { noQuery } from '../../reading/list-query.ts';
import { Access } from '../access.ts';
import { Password } from '../login/passwords.ts';
import { UserChanges } from './user-changes.ts';

const User = z
  .object({ id: z.string(), user_name: z.string(), name: z.string(), disabled: z.boolean() })
  .meta({ id: 'User' });
const UserPatch = z
  .strictObject({
    disabled: z.boolean().optional().describe('true: it cannot log in, and every login of it ends'),
    password: Password.optional().describe('for who has forgotten it; only root may set it'),
  })
  .refine(({ disabled, password }) => (disabled === undefined) !== (password === undefined), {
    error: 'must change one thing',
  })
  .meta({ id: 'UserPatch' });

@Controller('v1/users')
export class UsersController {
  constructor(private readonly changes: UserChanges) {}

  @Patch(':id')
  @Access('teams:admin')
  @AnswersChange('teams', 'Disable a user, let it in again, or give it a new password', User)
  async patch(
    @Param('id') id: string,
    @Body({ schema: UserPatch, pipes: [validated] }) body: z.output<typeof UserPatch>,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const { disabled, password } = body;
    const user =
      password === undefined
        ? await this.changes.setDisabled(id, disabled === true, request)
        : await this.changes.resetPassword(id, password, request);
    writeData(request, reply, user);
  }
}
