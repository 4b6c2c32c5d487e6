import { Controller, Get, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { Access } from '../access/access.ts';
import { AnswersText } from '../docs/documented.ts';
import { Scrapes } from './scrapes.ts';

/** It names every connection of every team, so it is for the operator alone: by the root key, or on a port of its own. */
@Controller()
export class MetricsController {
  constructor(private readonly scrapes: Scrapes) {}

  @Get('metrics')
  @Access.rootOnly()
  @AnswersText('health', 'What is measured, as Prometheus reads it', 'text/plain')
  async metrics(@Res() reply: FastifyReply) {
    const text = await this.scrapes.text();
    void reply.headers({ 'content-type': this.scrapes.contentType, 'cache-control': 'no-store' }).send(text);
  }
}
