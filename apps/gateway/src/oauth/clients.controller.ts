import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { Access } from '../access/access.ts';
import { AnswersChange, AnswersList, AnswersNothing, AnswersOne } from '../docs/documented.ts';
import { writeData, writePage } from '../http/answers.ts';
import { callerOf } from '../http/current.ts';
import { refuseBody, validated } from '../http/validation.ts';
import { noQuery, type PageParameters, pageQuery } from '../reading/list-query.ts';
import { ClientFacts, ClientInput, NewClient } from './client-inputs.ts';
import type { ClientRecord } from './client-registry.ts';
import { Clients } from './clients.ts';

@Controller('v1/oauth/clients')
export class OAuthClientsController {
  constructor(private readonly clients: Clients) {}

  @Get()
  @Access('keys:admin')
  @AnswersList('oauth', 'List the OAuth clients of your teams', ClientFacts)
  async list(
    @Query({ schema: pageQuery, pipes: [validated] }) { page, limit }: PageParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const { clients, total } = await this.clients.list(callerOf(request).principal, page, limit);
    writePage(request, reply, clients.map(factsOf), { page, limit, total });
  }

  @Post()
  @HttpCode(201)
  @Access('keys:admin')
  @AnswersChange('oauth', 'Register an OAuth client; its secret is shown this once', NewClient, 201)
  async create(
    @Body({ schema: ClientInput, pipes: [validated] }) input: ClientInput,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const { record, secret } = await this.clients.create(input, request);
    void reply.header('location', `/v1/oauth/clients/${record.id}`);
    writeData(request, reply, { ...factsOf(record), secret }, 201);
  }

  @Get(':id')
  @Access('keys:admin')
  @AnswersOne('oauth', 'Get an OAuth client', ClientFacts)
  async get(
    @Param('id') id: string,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    writeData(request, reply, factsOf(await this.clients.get(id, callerOf(request).principal)));
  }

  @Delete(':id')
  @HttpCode(204)
  @Access('keys:admin')
  @AnswersNothing('oauth', 'Remove an OAuth client; its tokens end with it')
  async remove(
    @Param('id') id: string,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    refuseBody(request.body);
    await this.clients.remove(id, request);
    void reply.code(204).send();
  }
}

function factsOf(record: ClientRecord): z.infer<typeof ClientFacts> {
  const { id, name, team, kind, grantTypes, redirectUris, scopes, pkceRequired, createdBy, createdAt } =
    record;
  return {
    id,
    name,
    team: { id: team.id, slug: team.slug, name: team.name },
    kind,
    grant_types: [...grantTypes],
    redirect_uris: [...redirectUris],
    scopes: [...scopes],
    pkce: pkceRequired ? 'required' : 'optional',
    created_by: createdBy,
    created_at: createdAt,
  };
}
