import {
  Deployment,
  DeploymentPatch,
  DeploymentReplace,
  DeployRequest,
  NewDeployment,
  Release,
} from '@fleetgate/model';
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
import { AnswersList, AnswersOne, AnswersRemoval, AnswersWrite } from '../docs/documented.ts';
import { refuseBody, validated } from '../http/validation.ts';
import { type ListParameters, listQueries, type ReadParameters, readQuery } from '../reading/list-query.ts';
import { Reader } from '../reading/reader.ts';
import {
  type RemoveParameters,
  removeQuery,
  type WriteParameters,
  writeQuery,
} from '../writing/write-query.ts';
import { Writes } from '../writing/writes.ts';

@Controller('v1/deployments')
export class DeploymentsController {
  constructor(
    private readonly reader: Reader,
    private readonly writes: Writes,
  ) {}

  @Get()
  @Access('deployments:read')
  @AnswersList('deployments', 'List deployments', Deployment)
  list(
    @Query({ schema: listQueries.deployment, pipes: [validated] }) query: ListParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.reader.list('deployment', query, request, reply);
  }

  @Get(':id')
  @Access('deployments:read')
  @AnswersOne('deployments', 'Get a deployment', Deployment)
  get(
    @Param('id') id: string,
    @Query({ schema: readQuery, pipes: [validated] }) query: ReadParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.reader.one('deployment', id, query, request, reply);
  }

  @Get(':id/releases')
  @Access('deployments:read')
  @AnswersList('releases', 'List releases of a deployment, newest first', Release)
  releases(
    @Param('id') id: string,
    @Query({ schema: listQueries.release, pipes: [validated] }) query: ListParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.reader.list('release', query, request, reply, { parent: id });
  }

  @Post()
  @Access('deployments:write')
  @AnswersWrite('deployments', 'Create a deployment, also where there are no projects', Deployment, 201)
  create(
    @Body({ schema: NewDeployment, pipes: [validated] }) body: NewDeployment,
    @Query({ schema: writeQuery, pipes: [validated] }) query: WriteParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.writes.createDeploymentAnywhere(body, query, { request, reply });
  }

  @Put(':id')
  @Access('deployments:write')
  @AnswersWrite('deployments', 'Replace a deployment', Deployment)
  replace(
    @Param('id') id: string,
    @Body({ schema: DeploymentReplace, pipes: [validated] }) body: DeploymentReplace,
    @Query({ schema: writeQuery, pipes: [validated] }) query: WriteParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.writes.change('deployment', 'replace', id, body, query, { request, reply });
  }

  @Patch(':id')
  @Access('deployments:write')
  @AnswersWrite('deployments', 'Change a deployment by a merge patch (RFC 7396)', Deployment)
  patch(
    @Param('id') id: string,
    @Body({ schema: DeploymentPatch, pipes: [validated] }) body: DeploymentPatch,
    @Query({ schema: writeQuery, pipes: [validated] }) query: WriteParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.writes.change('deployment', 'patch', id, body, query, { request, reply });
  }

  @Delete(':id')
  @Access('deployments:write')
  @AnswersRemoval('deployments', 'Delete a deployment', Deployment)
  remove(
    @Param('id') id: string,
    @Query({ schema: removeQuery, pipes: [validated] }) query: RemoveParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.writes.remove('deployment', id, query, { request, reply });
  }

  @Post(':id/cancel')
  @HttpCode(200)
  @Access('deployments:write')
  @AnswersWrite('deployments', 'Cancel the rollout that is under way', Deployment)
  cancel(
    @Param('id') id: string,
    @Query({ schema: writeQuery, pipes: [validated] }) query: WriteParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    refuseBody(request.body);
    return this.writes.cancel(id, query, { request, reply });
  }

  @Post(':id/deploy')
  @Access('deployments:write')
  @AnswersWrite('deployments', 'Start a new release', Release, 201)
  deploy(
    @Param('id') id: string,
    @Body({ schema: DeployRequest.optional(), pipes: [validated] }) body: DeployRequest | undefined,
    @Query({ schema: writeQuery, pipes: [validated] }) query: WriteParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.writes.deploy(id, body ?? {}, query, { request, reply });
  }
}
