import { Deployment, Project } from '@fleetgate/model';
import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AnswersList, AnswersOne } from '../docs/documented.ts';
import { validated } from '../http/validation.ts';
import { type ListParameters, listQueries, type ReadParameters, readQuery } from '../reading/list-query.ts';
import { Reader } from '../reading/reader.ts';

@Controller('v1/projects')
export class ProjectsController {
  constructor(private readonly reader: Reader) {}

  @Get()
  @AnswersList('projects', 'List projects', Project)
  list(
    @Query({ schema: listQueries.project, pipes: [validated] }) query: ListParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.reader.list('project', query, request, reply);
  }

  @Get(':id')
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
  @AnswersList('deployments', 'List deployments of a project', Deployment)
  deployments(
    @Param('id') id: string,
    @Query({ schema: listQueries.deployment, pipes: [validated] }) query: ListParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.reader.list('deployment', query, request, reply, { parent: id });
  }
}
