import { Body, Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { Access } from '../access/access.ts';
import { AnswersOne, AnswersWalk } from '../docs/documented.ts';
import { writeData, writeWalk } from '../http/answers.ts';
import { callerOf } from '../http/current.ts';
import { refuseBody, validated } from '../http/validation.ts';
import { noQuery } from '../reading/list-query.ts';
import { Delivery, DeliveryWithBody, seqOf } from './delivery.ts';
import { type DeliveriesQuery, DeliveryLog, deliveriesQuery } from './delivery-log.ts';
import { ReplayAnswer, ReplayRequest, Replays } from './replays.ts';
import { TestEvents } from './test-events.ts';

@Controller('v1/webhooks/:id')
export class DeliveriesController {
  constructor(
    private readonly log: DeliveryLog,
    private readonly replays: Replays,
    private readonly tests: TestEvents,
  ) {}

  @Get('deliveries')
  @Access('webhooks:read')
  @AnswersWalk('webhooks', 'What was sent, and what came of it: newest first', Delivery)
  async list(
    @Param('id') id: string,
    @Query({ schema: deliveriesQuery, pipes: [validated] }) query: DeliveriesQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const { deliveries, next } = await this.log.page(id, query, callerOf(request).principal);
    writeWalk(request, reply, deliveries, { limit: query.limit, next });
  }

  @Get('deliveries/:deliveryId')
  @Access('webhooks:read')
  @AnswersOne('webhooks', 'Get a delivery, with what is sent', DeliveryWithBody)
  async get(
    @Param('id') id: string,
    @Param('deliveryId') deliveryId: string,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    writeData(request, reply, await this.log.get(id, deliveryId, callerOf(request).principal));
  }

  @Post('deliveries/:deliveryId/replay')
  @HttpCode(202)
  @Access('webhooks:write')
  @AnswersOne('webhooks', 'Send the event of a delivery again', DeliveryWithBody, 202)
  async replayOne(
    @Param('id') id: string,
    @Param('deliveryId') deliveryId: string,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    refuseBody(request.body);
    const seq = await this.replays.one(id, seqOf(deliveryId), request);
    writeData(request, reply, await this.log.read(id, seq), 202);
  }

  @Post('replay')
  @HttpCode(202)
  @Access('webhooks:write')
  @AnswersOne('webhooks', 'Send the events again that the webhook names, from one on', ReplayAnswer, 202)
  async replaySince(
    @Param('id') id: string,
    @Body({ schema: ReplayRequest, pipes: [validated] }) body: z.output<typeof ReplayRequest>,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    writeData(request, reply, await this.replays.since(id, body, request), 202);
  }

  @Post('test')
  @HttpCode(200)
  @Access('webhooks:write')
  @AnswersOne('webhooks', 'Send a test event now, and tell what came of it', DeliveryWithBody)
  async test(
    @Param('id') id: string,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    refuseBody(request.body);
    writeData(request, reply, await this.log.read(id, await this.tests.send(id, request)));
  }
}
