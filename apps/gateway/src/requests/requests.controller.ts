import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Access } from '../access/access.ts';
import { AnswersOne, AnswersWalk } from '../docs/documented.ts';
import { writeData, writeWalk } from '../http/answers.ts';
import { callerOf } from '../http/current.ts';
import { validated } from '../http/validation.ts';
import { noQuery } from '../reading/list-query.ts';
import { RequestRecord, RequestStory } from './request-record.ts';
import { type RequestQuery, RequestRecords, requestQuery } from './request-records.ts';

@Controller('v1/requests')
export class RequestsController {
  constructor(private readonly records: RequestRecords) {}

  @Get()
  @Access('requests:read')
  @AnswersWalk('requests', 'What became of requests, newest first', RequestRecord)
  async list(
    @Query({ schema: requestQuery, pipes: [validated] }) query: RequestQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const { records, next } = await this.records.page(query, callerOf(request).principal);
    writeWalk(request, reply, records, { limit: query.limit, next });
  }

  @Get(':id')
  @Access('requests:read')
  @AnswersOne('requests', 'The story of a request: each upstream call, and what it caused', RequestStory)
  async get(
    @Param('id') id: string,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    writeData(request, reply, await this.records.one(id, callerOf(request).principal));
  }
}
