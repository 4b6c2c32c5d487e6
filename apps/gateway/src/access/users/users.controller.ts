import { Body, Controller, Param, Patch, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AnswersChange } from '../../docs/documented.ts';
import { writeData } from '../../http/answers.ts';
import { validated } from '../../http/validation.ts';
import { noQuery } from '../../reading/list-query.ts';
import { Access } from '../access.ts';
import { UserChanges } from './user-changes.ts';

const User = z
  .object({ id: z.string(), user_name: z.string(), name: z.string(), disabled: z.boolean() })
  .meta({ id: 'User' });
const UserPatch = z
  .strictObject({ disabled: z.boolean().describe('true: it cannot log in, and every login of it ends') })
  .meta({ id: 'UserPatch' });

@Controller('v1/users')
export class UsersController {
  constructor(private readonly changes: UserChanges) {}

  @Patch(':id')
  @Access('teams:admin')
  @AnswersChange('teams', 'Disable a user, or let it in again', User)
  async patch(
    @Param('id') id: string,
    @Body({ schema: UserPatch, pipes: [validated] }) { disabled }: z.output<typeof UserPatch>,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    writeData(request, reply, await this.changes.setDisabled(id, disabled, request));
  }
}
