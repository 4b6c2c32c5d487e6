import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { AnswersChange, AnswersList, AnswersNothing } from '../../docs/documented.ts';
import { writeData, writePage } from '../../http/answers.ts';
import { callerOf } from '../../http/current.ts';
import { refuseBody, validated } from '../../http/validation.ts';
import { noQuery, type PageParameters, pageQuery, yes } from '../../reading/list-query.ts';
import { Access } from '../access.ts';
import { Member, MemberAdd, MemberPatch, Members } from './members.ts';
import { Teams } from './teams.ts';

const changeQuery = z.strictObject({
  revoke_keys: yes
    .default(false)
    .describe(
      'true: the keys and OAuth clients that the member made for this team end too; otherwise they go on, as the team’s',
    ),
});
type ChangeQuery = z.output<typeof changeQuery>;

@Controller('v1/teams/:id/members')
export class MembersController {
  constructor(
    private readonly teams: Teams,
    private readonly members: Members,
  ) {}

  @Get()
  @Access('teams:read')
  @AnswersList('teams', 'List the members of a team', Member)
  async list(
    @Param('id') id: string,
    @Query({ schema: pageQuery, pipes: [validated] }) { page, limit }: PageParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const team = await this.teams.get(id, callerOf(request).principal);
    const { members, total } = await this.members.list(team, page, limit);
    writePage(request, reply, members, { page, limit, total });
  }

  @Post()
  @HttpCode(201)
  @Access('teams:admin')
  @AnswersChange('teams', 'Add a member: a user that there is, or a new one', Member, 201)
  async add(
    @Param('id') id: string,
    @Body({ schema: MemberAdd, pipes: [validated] }) body: z.output<typeof MemberAdd>,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    writeData(request, reply, await this.members.add(id, body, request), 201);
  }

  @Patch(':userId')
  @Access('teams:admin')
  @AnswersChange('teams', 'Change the role of a member', Member)
  async patch(
    @Param('id') id: string,
    @Param('userId') userId: string,
    @Body({ schema: MemberPatch, pipes: [validated] }) body: z.output<typeof MemberPatch>,
    @Query({ schema: changeQuery, pipes: [validated] }) query: ChangeQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    writeData(request, reply, await this.members.setRole(id, userId, { ...body, ...query }, request));
  }

  @Delete(':userId')
  @Access('teams:admin')
  @AnswersNothing('teams', 'Remove a member')
  async remove(
    @Param('id') id: string,
    @Param('userId') userId: string,
    @Query({ schema: changeQuery, pipes: [validated] }) query: ChangeQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    refuseBody(request.body);
    await this.members.remove(id, userId, query, request);
    void reply.code(204).send();
  }
}
