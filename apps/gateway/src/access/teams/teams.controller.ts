import { Body, Controller, Get, HttpCode, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { AnswersChange, AnswersList, AnswersOne } from '../../docs/documented.ts';
import { writeData, writePage } from '../../http/answers.ts';
import { callerOf } from '../../http/current.ts';
import { validated } from '../../http/validation.ts';
import { noQuery, type PageParameters, pageQuery } from '../../reading/list-query.ts';
import { Access } from '../access.ts';
import { Team, TeamCreate, TeamPatch, Teams } from './teams.ts';

@Controller('v1/teams')
export class TeamsController {
  constructor(private readonly teams: Teams) {}

  @Get()
  @Access('teams:read')
  @AnswersList('teams', 'List your teams', Team)
  async list(
    @Query({ schema: pageQuery, pipes: [validated] }) { page, limit }: PageParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const { teams, total } = await this.teams.list(callerOf(request).principal, page, limit);
    writePage(request, reply, teams, { page, limit, total });
  }

  @Post()
  @HttpCode(201)
  @Access('teams:admin')
  @AnswersChange('teams', 'Create a team; a user who does so owns it', Team, 201)
  async create(
    @Body({ schema: TeamCreate, pipes: [validated] }) body: z.output<typeof TeamCreate>,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const team = await this.teams.create(body, request);
    reply.header('location', `/v1/teams/${team.id}`);
    writeData(request, reply, team, 201);
  }

  @Get(':id')
  @Access('teams:read')
  @AnswersOne('teams', 'Get a team', Team)
  async get(
    @Param('id') id: string,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    writeData(request, reply, await this.teams.get(id, callerOf(request).principal));
  }

  @Patch(':id')
  @Access('teams:admin')
  @AnswersChange('teams', 'Rename a team; root may change its plan too', Team)
  async patch(
    @Param('id') id: string,
    @Body({ schema: TeamPatch, pipes: [validated] }) body: z.output<typeof TeamPatch>,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    writeData(request, reply, await this.teams.patch(id, body, request));
  }
}
