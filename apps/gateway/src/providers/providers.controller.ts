import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Access } from '../access/access.ts';
import { noSuch } from '../answers/api-error.ts';
import { installedProviders } from '../connections/installed.ts';
import { AnswersList, AnswersOne } from '../docs/documented.ts';
import { writeAll, writeData } from '../http/answers.ts';
import { validated } from '../http/validation.ts';
import { noQuery, type PageParameters, pageQuery } from '../reading/list-query.ts';
import { factsOf, ProviderFacts } from './capabilities.ts';

@Controller('v1/providers')
export class ProvidersController {
  readonly #facts = installedProviders.map(factsOf);

  @Get()
  @Access.signedIn()
  @AnswersList(
    'providers',
    'List the installed providers, what each can do and which settings it takes',
    ProviderFacts,
  )
  list(
    @Query({ schema: pageQuery, pipes: [validated] }) query: PageParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    writeAll(request, reply, this.#facts, query);
  }

  @Get(':id')
  @Access.signedIn()
  @AnswersOne('providers', 'Get a provider', ProviderFacts)
  get(
    @Param('id') id: string,
    @Query({ schema: noQuery, pipes: [validated] }) _query: object,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const facts = this.#facts.find((one) => one.id === id);
    if (!facts) throw noSuch('provider');
    writeData(request, reply, facts);
  }
}
