import { Release } from '@fleetgate/model';
import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Access } from '../access/access.ts';
import { AnswersOne } from '../docs/documented.ts';
import { validated } from '../http/validation.ts';
import { type ReadParameters, readQuery } from '../reading/list-query.ts';
import { Reader } from '../reading/reader.ts';

/** Releases are listed under their deployment. */
@Controller('v1/releases')
export class ReleasesController {
  constructor(private readonly reader: Reader) {}

  @Get(':id')
  @Access('deployments:read')
  @AnswersOne('releases', 'Get a release', Release)
  get(
    @Param('id') id: string,
    @Query({ schema: readQuery, pipes: [validated] }) query: ReadParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.reader.one('release', id, query, request, reply);
  }
}
