import {
  Deployment,
  DeploymentCreate,
  Project,
  ProjectCreate,
  ProjectPatch,
  ProjectReplace,
} from '@fleetgate/model';
import { Body, Controller, Delete, Get, Param, Patch, Post, Put, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Access } from '../access/access.ts';
import { AnswersList, AnswersOne, AnswersRemoval, AnswersWrite } from '../docs/documented.ts';
import { validated } from '../http/validation.ts';
import { type ListParameters, listQueries, type ReadParameters, readQuery } from '../reading/list-query.ts';
import { Reader } from '../reading/reader.ts';
import {
  type RemoveParameters,
  removeQuery,
  type WriteParameters,
  writeQuery,
} from '../writing/write-query.ts';
import { Writes } from '../writing/writes.ts';

@Controller('v1/projects')
export class ProjectsController {
  constructor(
    private readonly reader: Reader,
    private readonly writes: Writes,
  ) {}

  @Get()
  @Access('projects:read')
  @AnswersList('projects', 'List projects', Project)
  list(
    @Query({ schema: listQueries.project, pipes: [validated] }) query: ListParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.reader.list('project', query, request, reply);
  }

  @Get(':id')
  @Access('projects:read')
  @AnswersOne('projects', 'Get a project', Project)
  get(
    @Param('id') id: string,
    @Query({ schema: readQuery, pipes: [validated] }) query: ReadParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.reader.one('project', id, query, request, reply);
  }

  @Get(':id/deployments')
  @Access('deployments:read')
  @AnswersList('deployments', 'List deployments of a project', Deployment)
  deployments(
    @Param('id') id: string,
    @Query({ schema: listQueries.deployment, pipes: [validated] }) query: ListParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.reader.list('deployment', query, request, reply, { parent: id });
  }

  @Post()
  @Access('projects:write')
  @AnswersWrite('projects', 'Create a project', Project, 201)
  create(
    @Body({ schema: ProjectCreate, pipes: [validated] }) body: ProjectCreate,
    @Query({ schema: writeQuery, pipes: [validated] }) query: WriteParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.writes.createProject(body, query, { request, reply });
  }

  @Put(':id')
  @Access('projects:write')
  @AnswersWrite('projects', 'Replace a project', Project)
  replace(
    @Param('id') id: string,
    @Body({ schema: ProjectReplace, pipes: [validated] }) body: ProjectReplace,
    @Query({ schema: writeQuery, pipes: [validated] }) query: WriteParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.writes.change('project', 'replace', id, body, query, { request, reply });
  }

  @Patch(':id')
  @Access('projects:write')
  @AnswersWrite('projects', 'Change a project by a merge patch (RFC 7396)', Project)
  patch(
    @Param('id') id: string,
    @Body({ schema: ProjectPatch, pipes: [validated] }) body: ProjectPatch,
    @Query({ schema: writeQuery, pipes: [validated] }) query: WriteParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.writes.change('project', 'patch', id, body, query, { request, reply });
  }

  @Delete(':id')
  @Access('projects:write')
  @AnswersRemoval('projects', 'Delete a project', Project)
  remove(
    @Param('id') id: string,
    @Query({ schema: removeQuery, pipes: [validated] }) query: RemoveParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.writes.remove('project', id, query, { request, reply });
  }

  @Post(':id/deployments')
  @Access('deployments:write')
  @AnswersWrite('deployments', 'Deploy a project', Deployment, 201)
  deploy(
    @Param('id') id: string,
    @Body({ schema: DeploymentCreate, pipes: [validated] }) body: DeploymentCreate,
    @Query({ schema: writeQuery, pipes: [validated] }) query: WriteParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.writes.createDeployment(id, body, query, { request, reply });
  }
}
