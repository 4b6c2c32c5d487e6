import { Cluster, Deployment } from '@fleetgate/model';
import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AnswersList, AnswersOne } from '../docs/documented.ts';
import { validated } from '../http/validation.ts';
import { type ListParameters, listQueries, type ReadParameters, readQuery } from '../reading/list-query.ts';
import { Reader } from '../reading/reader.ts';

@Controller('v1/clusters')
export class ClustersController {
  constructor(private readonly reader: Reader) {}

  @Get()
  @AnswersList('clusters', 'List clusters', Cluster)
  list(
    @Query({ schema: listQueries.cluster, pipes: [validated] }) query: ListParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.reader.list('cluster', query, request, reply);
  }

  @Get(':id')
  @AnswersOne('clusters', 'Get a cluster', Cluster)
  get(
    @Param('id') id: string,
    @Query({ schema: readQuery, pipes: [validated] }) query: ReadParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.reader.one('cluster', id, query, request, reply);
  }

  @Get(':id/deployments')
  @AnswersList('deployments', 'List deployments that target a cluster', Deployment)
  deployments(
    @Param('id') id: string,
    @Query({ schema: listQueries.deployment, pipes: [validated] }) query: ListParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.reader.list('deployment', query, request, reply, { target: id });
  }
}
