import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Access } from '../access/access.ts';
import { noSuch } from '../answers/api-error.ts';
import { AnswersOne } from '../docs/documented.ts';
import { writeData } from '../http/answers.ts';
import { callerOf } from '../http/current.ts';
import { validated } from '../http/validation.ts';
import { noQuery } from '../reading/list-query.ts';
import { Scope } from '../reading/scope.ts';
import { Operation } from './operation.ts';
import { OperationStore } from './operation-store.ts';

@Controller('v1/operations')
export class OperationsController {
  constructor(
    private readonly scope: Scope,
    private readonly store: OperationStore,
  ) {}

  @Get(':id')
  @Access('operations:read')
  @AnswersOne('operations', 'Get an operation: how far a change has come, and what it left', Operation)
  async get(
    @Param('id') id: string,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const operation = /^op_[0-9a-f-]{36}$/.test(id) ? await this.store.find(id) : undefined;
    const visible = this.scope.visible(callerOf(request).principal, 'operations:read');
    if (!operation || !visible.some(({ slug }) => slug === operation.connection.id))
      throw noSuch('operation');
    writeData(request, reply, operation);
  }
}
