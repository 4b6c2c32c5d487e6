import type { Kind } from '@fleetgate/model';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { writeOne } from '../http/answers.ts';
import { callerOf } from '../http/current.ts';
import { ReadyAnswers, writeList } from '../http/ready-answers.ts';
import type { ListParameters, ReadParameters } from './list-query.ts';
import { Lists, type Nested } from './lists.ts';
import { Ones } from './ones.ts';
import { Scope } from './scope.ts';

/** What the controllers of all five kinds do, in one place. */
@Injectable()
export class Reader {
  constructor(
    private readonly lists: Lists,
    private readonly ones: Ones,
    private readonly ready: ReadyAnswers,
    private readonly scope: Scope,
  ) {}

  async list(
    kind: Kind,
    parameters: ListParameters,
    request: FastifyRequest,
    reply: FastifyReply,
    nested: Nested = {},
  ): Promise<void> {
    const { principal } = callerOf(request);
    const listing = () => this.lists.answer(kind, parameters, principal, nested, request.deadlineAt);
    const answer = await (request.story ? request.story.step('inventory.list', listing) : listing());
    // An answer that had to be refreshed first is good for this once, and so is one that tells of itself.
    if (parameters.max_stale === undefined && !request.story?.explain)
      this.ready.keep(this.scope.sightOf(principal), request.url, answer, request.routeOptions.url ?? '');
    writeList(request, reply, answer);
  }

  async one(
    kind: Kind,
    id: string,
    parameters: ReadParameters,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    writeOne(request, reply, await this.ones.answer(kind, id, parameters, callerOf(request)));
  }
}
