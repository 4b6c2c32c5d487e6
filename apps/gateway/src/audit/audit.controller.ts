import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Access } from '../access/access.ts';
import { AnswersWalk } from '../docs/documented.ts';
import { writeWalk } from '../http/answers.ts';
import { callerOf } from '../http/current.ts';
import { validated } from '../http/validation.ts';
import { type AuditQuery, AuditRecord, AuditTrail, auditQuery } from './audit-trail.ts';

@Controller('v1/audit')
export class AuditController {
  constructor(private readonly trail: AuditTrail) {}

  @Get()
  @Access('audit:read')
  @AnswersWalk('audit', 'Who did what, newest first', AuditRecord)
  async list(
    @Query({ schema: auditQuery, pipes: [validated] }) query: AuditQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const { records, next } = await this.trail.page(query, callerOf(request).principal);
    writeWalk(request, reply, records, { limit: query.limit, next });
  }
}
