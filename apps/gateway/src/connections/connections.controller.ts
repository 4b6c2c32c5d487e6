import { Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Access } from '../access/access.ts';
import type { Scope as AccessScope } from '../access/scopes.ts';
import { AnswersList, AnswersOne } from '../docs/documented.ts';
import { writeAll, writeData } from '../http/answers.ts';
import { callerOf } from '../http/current.ts';
import { refuseBody, validated } from '../http/validation.ts';
import { noQuery, type PageParameters, pageQuery } from '../reading/list-query.ts';
import { Scope } from '../reading/scope.ts';
import {
  ConnectionFacts,
  ConnectionReports,
  ConnectionTest,
  SyncRequest,
  syncQuery,
} from './connection-reports.ts';

@Controller('v1/connections')
export class ConnectionsController {
  constructor(
    private readonly scope: Scope,
    private readonly reports: ConnectionReports,
  ) {}

  @Get()
  @Access('connections:read')
  @AnswersList('connections', 'List the linked accounts and how fresh each is', ConnectionFacts)
  list(
    @Query({ schema: pageQuery, pipes: [validated] }) query: PageParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const visible = this.scope.visible(callerOf(request).principal, 'connections:read');
    writeAll(
      request,
      reply,
      visible.map((one) => this.reports.factsOf(one)),
      query,
    );
  }

  @Get(':id')
  @Access('connections:read')
  @AnswersOne('connections', 'Get a connection', ConnectionFacts)
  get(
    @Param('id') id: string,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    writeData(request, reply, this.reports.factsOf(this.named(id, request)));
  }

  @Post(':id/test')
  @HttpCode(200)
  @Access('connections:read')
  @AnswersOne('connections', 'Ask the upstream whether it is there and takes our credentials', ConnectionTest)
  async test(
    @Param('id') id: string,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    refuseBody(request.body);
    writeData(request, reply, await this.reports.test(this.named(id, request), callerOf(request)));
  }

  @Post(':id/sync')
  @HttpCode(202)
  @Access('connections:write')
  @AnswersOne('connections', 'Start a sync now', SyncRequest, 202)
  async sync(
    @Param('id') id: string,
    @Query({ schema: syncQuery, pipes: [validated] }) query: { confirm: boolean },
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    refuseBody(request.body);
    writeData(
      request,
      reply,
      await this.reports.sync(this.named(id, request, 'connections:write'), query.confirm),
      202,
    );
  }

  private named(slug: string, request: FastifyRequest, scope: AccessScope = 'connections:read') {
    return this.scope.named(slug, callerOf(request).principal, scope);
  }
}
