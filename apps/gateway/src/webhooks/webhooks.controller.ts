import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Patch,
  Post,
  Put,
  Query,
  Req,
  Res,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Access } from '../access/access.ts';
import { AnswersChange, AnswersList, AnswersNothing, AnswersOne } from '../docs/documented.ts';
import { writeData, writePage } from '../http/answers.ts';
import { callerOf } from '../http/current.ts';
import { refuseBody, validated } from '../http/validation.ts';
import { noQuery, pageQuery } from '../reading/list-query.ts';
import {
  NewWebhook,
  SecretRotation,
  Webhook,
  WebhookCreate,
  WebhookPatch,
  WebhookReplace,
} from './webhook.ts';
import { WebhookChanges } from './webhook-changes.ts';
import { WebhookStore } from './webhook-store.ts';

const webhooksQuery = z.strictObject({
  ...pageQuery.shape,
  team: z.string().min(1).max(200).optional().describe('slug or id of one of your teams'),
});

@Controller('v1/webhooks')
export class WebhooksController {
  constructor(
    private readonly store: WebhookStore,
    private readonly changes: WebhookChanges,
  ) {}

  @Get()
  @Access('webhooks:read')
  @AnswersList('webhooks', 'List the webhooks of your teams, oldest first', Webhook)
  async list(
    @Query({ schema: webhooksQuery, pipes: [validated] }) query: z.output<typeof webhooksQuery>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const { page, limit, team } = query;
    const { webhooks, total } = await this.store.list(callerOf(request).principal, team, page, limit);
    writePage(request, reply, webhooks, { page, limit, total });
  }

  @Post()
  @HttpCode(201)
  @Access('webhooks:write')
  @AnswersChange('webhooks', 'Have events sent to an address', NewWebhook, 201)
  async create(
    @Body({ schema: WebhookCreate, pipes: [validated] }) body: WebhookCreate,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const made = await this.changes.create(body, request);
    void reply.header('location', `/v1/webhooks/${made.id}`);
    writeData(request, reply, made, 201);
  }

  @Get(':id')
  @Access('webhooks:read')
  @AnswersOne('webhooks', 'Get a webhook', Webhook)
  async get(
    @Param('id') id: string,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    writeData(request, reply, await this.store.get(id, callerOf(request).principal));
  }

  @Put(':id')
  @Access('webhooks:write')
  @AnswersChange('webhooks', 'Replace a webhook; its secret stays', Webhook)
  async replace(
    @Param('id') id: string,
    @Body({ schema: WebhookReplace, pipes: [validated] }) body: WebhookReplace,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const whole = { description: null, ordered: false, enabled: true, ...body };
    writeData(request, reply, await this.changes.change(id, whole, request, 'replace'));
  }

  @Patch(':id')
  @Access('webhooks:write')
  @AnswersChange('webhooks', 'Change a webhook by a merge patch (RFC 7396)', Webhook)
  async patch(
    @Param('id') id: string,
    @Body({ schema: WebhookPatch, pipes: [validated] }) body: WebhookPatch,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    writeData(request, reply, await this.changes.change(id, body, request, 'change'));
  }

  @Delete(':id')
  @Access('webhooks:write')
  @AnswersNothing('webhooks', 'Remove a webhook and its deliveries')
  async remove(
    @Param('id') id: string,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    refuseBody(request.body);
    await this.changes.remove(id, request);
    void reply.code(204).send();
  }

  @Post(':id/rotate-secret')
  @HttpCode(200)
  @Access('webhooks:write')
  @AnswersChange(
    'webhooks',
    'Sign with a new secret, and for a while with the one before as well',
    NewWebhook,
  )
  async rotate(
    @Param('id') id: string,
    @Body({ schema: SecretRotation, pipes: [validated] }) body: SecretRotation,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    writeData(request, reply, await this.changes.rotate(id, body, request));
  }
}
