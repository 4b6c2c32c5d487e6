import { ClusterGroup } from '@fleetgate/model';
import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Access } from '../access/access.ts';
import { AnswersList, AnswersOne } from '../docs/documented.ts';
import { validated } from '../http/validation.ts';
import { type ListParameters, listQueries, type ReadParameters, readQuery } from '../reading/list-query.ts';
import { Reader } from '../reading/reader.ts';

@Controller('v1/cluster-groups')
export class ClusterGroupsController {
  constructor(private readonly reader: Reader) {}

  @Get()
  @Access('clusters:read')
  @AnswersList('cluster-groups', 'List cluster groups', ClusterGroup)
  list(
    @Query({ schema: listQueries.cluster_group, pipes: [validated] }) query: ListParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.reader.list('cluster_group', query, request, reply);
  }

  @Get(':id')
  @Access('clusters:read')
  @AnswersOne('cluster-groups', 'Get a cluster group', ClusterGroup)
  get(
    @Param('id') id: string,
    @Query({ schema: readQuery, pipes: [validated] }) query: ReadParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.reader.one('cluster_group', id, query, request, reply);
  }
}
