import { Body, Controller, Get, HttpCode, Post, Put, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { AnswersChange, AnswersNothing, AnswersOne } from '../../docs/documented.ts';
import { writeData } from '../../http/answers.ts';
import { callerOf } from '../../http/current.ts';
import { refuseBody, validated } from '../../http/validation.ts';
import { noQuery } from '../../reading/list-query.ts';
import { Access } from '../access.ts';
import { LoginAnswer, LoginInput, Logins } from './logins.ts';
import { Logouts } from './logouts.ts';
import { Me, OwnAccount, PasswordChange } from './own-account.ts';

@Controller('v1')
export class LoginController {
  constructor(
    private readonly logins: Logins,
    private readonly logouts: Logouts,
    private readonly account: OwnAccount,
  ) {}

  @Post('login')
  @HttpCode(200)
  @Access.open()
  @AnswersChange('login', 'Get a token for a user name and a password', LoginAnswer)
  async login(
    @Body({ schema: LoginInput, pipes: [validated] }) body: LoginInput,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    writeData(request, reply, await this.logins.login(body, request));
  }

  @Post('logout')
  @Access.signedIn()
  @AnswersNothing('login', 'End the login (or OAuth token) that this request comes with')
  async logout(
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    refuseBody(request.body);
    await this.logouts.logout(request);
    void reply.code(204).send();
  }

  @Get('me')
  @Access.signedIn()
  @AnswersOne('login', 'Who you are, what you may do, and what is left of your plan', Me)
  async me(
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    writeData(request, reply, await this.account.facts(callerOf(request).principal));
  }

  @Put('me/password')
  @Access.signedIn()
  @AnswersNothing('login', 'Change your password; every other login of yours ends')
  async password(
    @Body({ schema: PasswordChange, pipes: [validated] }) body: z.output<typeof PasswordChange>,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    await this.account.changePassword(body, request);
    void reply.code(204).send();
  }
}
