import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Access } from '../access/access.ts';
import { Health } from './health.ts';

const State = z
  .object({
    status: z.enum(['ok', 'degraded']),
    throttle: z.literal('local').optional().describe('Redis is lost: this replica counts calls for itself'),
    requestId: z.string(),
  })
  .meta({ id: 'Health' });

/** Open to all, and so without a word about who and what is behind it. */
@ApiTags('health')
@Controller()
export class HealthController {
  constructor(private readonly health: Health) {}

  @Get('v1/health')
  @Access.open()
  @ApiOperation({
    summary: 'How the gateway is: degraded means that some source is failing, or Redis is lost',
  })
  @ApiResponse({ status: 200, description: 'it serves', standardSchema: State })
  state(@Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    send(reply, { status: this.health.degraded() ? 'degraded' : 'ok', requestId: request.id });
  }

  @Get('livez')
  @ApiOperation({ summary: 'The process runs' })
  @ApiResponse({ status: 200, description: 'it does', standardSchema: State })
  live(@Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    send(reply, { status: 'ok', requestId: request.id });
  }

  @Get('readyz')
  @ApiOperation({
    summary:
      'It can serve: the database answers, its schema is what this version needs, and it is not shutting down',
  })
  @ApiResponse({ status: 200, description: 'it can', standardSchema: State })
  async ready(@Req() request: FastifyRequest, @Res() reply: FastifyReply) {
    await this.health.assertReady();
    const alone = this.health.alone();
    send(reply, {
      status: alone ? 'degraded' : 'ok',
      ...(alone ? { throttle: 'local' as const } : {}),
      requestId: request.id,
    });
  }
}

function send(reply: FastifyReply, body: z.infer<typeof State>): void {
  void reply
    .headers({ 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
    .send(JSON.stringify(body));
}
