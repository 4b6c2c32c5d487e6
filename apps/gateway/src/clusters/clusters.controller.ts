import { Cluster, ClusterCreate, ClusterPatch, Deployment } from '@fleetgate/model';
import { Body, Controller, Delete, Get, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Access } from '../access/access.ts';
import { AnswersList, AnswersOne, AnswersRemoval, AnswersText, AnswersWrite } from '../docs/documented.ts';
import { validated } from '../http/validation.ts';
import {
  type ListParameters,
  listQueries,
  noQuery,
  type ReadParameters,
  readQuery,
} from '../reading/list-query.ts';
import { Reader } from '../reading/reader.ts';
import { Kubeconfigs } from '../writing/kubeconfigs.ts';
import {
  type RemoveParameters,
  removeQuery,
  type WriteParameters,
  writeQuery,
} from '../writing/write-query.ts';
import { Writes } from '../writing/writes.ts';

@Controller('v1/clusters')
export class ClustersController {
  constructor(
    private readonly reader: Reader,
    private readonly writes: Writes,
    private readonly kubeconfigs: Kubeconfigs,
  ) {}

  @Get()
  @Access('clusters:read')
  @AnswersList('clusters', 'List clusters', Cluster)
  list(
    @Query({ schema: listQueries.cluster, pipes: [validated] }) query: ListParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.reader.list('cluster', query, request, reply);
  }

  @Get(':id')
  @Access('clusters:read')
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
  @Access('deployments:read')
  @AnswersList('deployments', 'List deployments that target a cluster', Deployment)
  deployments(
    @Param('id') id: string,
    @Query({ schema: listQueries.deployment, pipes: [validated] }) query: ListParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.reader.list('deployment', query, request, reply, { target: id });
  }

  @Post()
  @Access('clusters:write')
  @AnswersWrite('clusters', 'Create or import a cluster', Cluster, 201)
  create(
    @Body({ schema: ClusterCreate, pipes: [validated] }) body: ClusterCreate,
    @Query({ schema: writeQuery, pipes: [validated] }) query: WriteParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.writes.createCluster(body, query, { request, reply });
  }

  @Patch(':id')
  @Access('clusters:write')
  @AnswersWrite('clusters', 'Change a cluster by a merge patch (RFC 7396)', Cluster)
  patch(
    @Param('id') id: string,
    @Body({ schema: ClusterPatch, pipes: [validated] }) body: ClusterPatch,
    @Query({ schema: writeQuery, pipes: [validated] }) query: WriteParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.writes.change('cluster', 'patch', id, body, query, { request, reply });
  }

  @Delete(':id')
  @Access('clusters:write')
  @AnswersRemoval('clusters', 'Delete a cluster', Cluster)
  remove(
    @Param('id') id: string,
    @Query({ schema: removeQuery, pipes: [validated] }) query: RemoveParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.writes.remove('cluster', id, query, { request, reply });
  }

  @Get(':id/kubeconfig')
  @Access('clusters:kubeconfig')
  @AnswersText('clusters', "Get the admin's kubeconfig", 'application/yaml')
  kubeconfig(
    @Param('id') id: string,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.kubeconfigs.answer(id, request, reply);
  }
}
