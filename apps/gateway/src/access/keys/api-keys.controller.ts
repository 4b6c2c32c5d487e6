import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AnswersChange, AnswersList, AnswersNothing, AnswersOne } from '../../docs/documented.ts';
import { writeData, writePage } from '../../http/answers.ts';
import { callerOf } from '../../http/current.ts';
import { refuseBody, validated } from '../../http/validation.ts';
import { noQuery, pageQuery } from '../../reading/list-query.ts';
import { Access } from '../access.ts';
import { ApiKey, ApiKeyCreate, ApiKeys, NewApiKey } from './api-keys.ts';

const keysQuery = z.strictObject({
  ...pageQuery.shape,
  team: z.string().min(1).max(200).optional().describe('slug or id of one of your teams'),
});

@Controller('v1/api-keys')
export class ApiKeysController {
  constructor(private readonly keys: ApiKeys) {}

  @Get()
  @Access('keys:admin')
  @AnswersList('api-keys', 'List the keys of your teams, oldest first', ApiKey)
  async list(
    @Query({ schema: keysQuery, pipes: [validated] }) query: z.output<typeof keysQuery>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const { page, limit, team } = query;
    const { keys, total } = await this.keys.list(callerOf(request).principal, team, page, limit);
    writePage(request, reply, keys, { page, limit, total });
  }

  @Post()
  @HttpCode(201)
  @Access('keys:admin')
  @AnswersChange('api-keys', 'Create a key; it is shown this once', NewApiKey, 201)
  async create(
    @Body({ schema: ApiKeyCreate, pipes: [validated] }) body: z.output<typeof ApiKeyCreate>,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const key = await this.keys.create(body, request);
    reply.header('location', `/v1/api-keys/${key.id}`);
    writeData(request, reply, key, 201);
  }

  @Get(':id')
  @Access('keys:admin')
  @AnswersOne('api-keys', 'Get a key (not its secret)', ApiKey)
  async get(
    @Param('id') id: string,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    writeData(request, reply, await this.keys.get(id, callerOf(request).principal));
  }

  @Delete(':id')
  @Access('keys:admin')
  @AnswersNothing('api-keys', 'Revoke a key, at once')
  async revoke(
    @Param('id') id: string,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    refuseBody(request.body);
    await this.keys.revoke(id, request);
    void reply.code(204).send();
  }
}
