import { Deployment, Release } from '@fleetgate/model';
import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AnswersList, AnswersOne } from '../docs/documented.ts';
import { validated } from '../http/validation.ts';
import { type ListParameters, listQueries, type ReadParameters, readQuery } from '../reading/list-query.ts';
import { Reader } from '../reading/reader.ts';

@Controller('v1/deployments')
export class DeploymentsController {
  constructor(private readonly reader: Reader) {}

  @Get()
  @AnswersList('deployments', 'List deployments', Deployment)
  list(
    @Query({ schema: listQueries.deployment, pipes: [validated] }) query: ListParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.reader.list('deployment', query, request, reply);
  }

  @Get(':id')
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
  @AnswersList('releases', 'List releases of a deployment, newest first', Release)
  releases(
    @Param('id') id: string,
    @Query({ schema: listQueries.release, pipes: [validated] }) query: ListParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.reader.list('release', query, request, reply, { parent: id });
  }
}
