import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Patch,
  Post,
  Put,
  Query,
  Req,
  Res,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Access } from '../access/access.ts';
import type { Scope as AccessScope } from '../access/scopes.ts';
import { AnswersChange, AnswersList, AnswersNothing, AnswersOne } from '../docs/documented.ts';
import { writeAll, writeData } from '../http/answers.ts';
import { callerOf } from '../http/current.ts';
import { refuseBody, validated } from '../http/validation.ts';
import { noQuery, type PageParameters, pageQuery } from '../reading/list-query.ts';
import { ConnectionChanges } from './connection-changes.ts';
import {
  ConnectionCreate,
  ConnectionPatch,
  ConnectionReplace,
  SecretRotation as RotationInput,
  type RotationQuery,
  rotationQuery,
} from './connection-input.ts';
import { ConnectionRemoval } from './connection-removal.ts';
import {
  ConnectionFacts,
  ConnectionReports,
  ConnectionTest,
  SyncRequest,
  syncQuery,
} from './connection-reports.ts';
import { SecretRotation } from './secret-rotation.ts';

@Controller('v1/connections')
export class ConnectionsController {
  constructor(
    private readonly reports: ConnectionReports,
    private readonly changes: ConnectionChanges,
    private readonly removal: ConnectionRemoval,
    private readonly rotation: SecretRotation,
  ) {}

  @Get()
  @Access('connections:read')
  @AnswersList('connections', 'List the linked accounts and how fresh each is', ConnectionFacts)
  list(
    @Query({ schema: pageQuery, pipes: [validated] }) query: PageParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    writeAll(request, reply, this.reports.all(callerOf(request).principal), query);
  }

  @Post()
  @HttpCode(201)
  @Access('connections:write')
  @AnswersChange('connections', 'Link an account', ConnectionFacts, 201)
  async create(
    @Body({ schema: ConnectionCreate, pipes: [validated] }) body: ConnectionCreate,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    await this.changes.create(body, request);
    void reply.header('location', `/v1/connections/${body.slug}`);
    writeData(request, reply, await this.reports.one(body.slug, callerOf(request).principal), 201);
  }

  @Get(':id')
  @Access('connections:read')
  @AnswersOne('connections', 'Get a connection', ConnectionFacts)
  async get(
    @Param('id') id: string,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    writeData(request, reply, await this.reports.one(id, callerOf(request).principal));
  }

  @Put(':id')
  @Access('connections:write')
  @AnswersChange('connections', 'Replace a connection; secrets that are left out stay', ConnectionFacts)
  async replace(
    @Param('id') id: string,
    @Body({ schema: ConnectionReplace, pipes: [validated] }) body: ConnectionReplace,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    await this.changes.replace(id, body, request);
    writeData(request, reply, await this.reports.one(id, callerOf(request).principal));
  }

  @Patch(':id')
  @Access('connections:write')
  @AnswersChange('connections', 'Change a connection by a merge patch (RFC 7396)', ConnectionFacts)
  async patch(
    @Param('id') id: string,
    @Body({ schema: ConnectionPatch, pipes: [validated] }) body: ConnectionPatch,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    await this.changes.patch(id, body, request);
    writeData(request, reply, await this.reports.one(id, callerOf(request).principal));
  }

  @Delete(':id')
  @Access('connections:write')
  @AnswersNothing('connections', 'Unlink an account: its part of the inventory goes with it')
  async remove(
    @Param('id') id: string,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    refuseBody(request.body);
    await this.removal.remove(id, request);
    void reply.code(204).send();
  }

  @Post(':id/rotate-secret')
  @HttpCode(200)
  @Access('connections:write')
  @AnswersChange(
    'connections',
    'Put new secrets in the place of old ones, once the upstream has taken them',
    ConnectionFacts,
  )
  async rotate(
    @Param('id') id: string,
    @Body({ schema: RotationInput, pipes: [validated] }) body: RotationInput,
    @Query({ schema: rotationQuery, pipes: [validated] }) query: RotationQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    await this.rotation.rotate(id, body, query.test, request);
    writeData(request, reply, await this.reports.one(id, callerOf(request).principal));
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
    writeData(request, reply, await this.reports.test(await this.named(id, request), callerOf(request)));
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
      await this.reports.sync(await this.named(id, request, 'connections:write'), query.confirm),
      202,
    );
  }

  private named(slug: string, request: FastifyRequest, scope: AccessScope = 'connections:read') {
    return this.reports.named(slug, callerOf(request).principal, scope);
  }
}
