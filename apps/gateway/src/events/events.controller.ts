import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Access } from '../access/access.ts';
import { Authentications } from '../access/authentications.ts';
import { may, type Principal } from '../access/principal.ts';
import { invalidField } from '../answers/api-error.ts';
import { AnswersPage, AnswersStream } from '../docs/documented.ts';
import { callerOf } from '../http/current.ts';
import { validated } from '../http/validation.ts';
import { limit } from '../reading/list-query.ts';
import { Scope } from '../reading/scope.ts';
import { type Audience, Event } from './event.ts';
import { EventFeed } from './event-feed.ts';
import { EventLog } from './event-log.ts';
import { EventStream } from './event-stream.ts';
import { eventTypes, namesType } from './event-types.ts';

const types = z
  .string()
  .max(2000)
  .transform((text) => text.split(',').map((type) => type.trim()))
  .refine((all) => all.every((one) => eventTypes.some((type) => namesType([one], type))), {
    error: `must be types of events by comma, like deployment.completed, cluster.* or *`,
  })
  .optional()
  .describe('types by comma, with wildcards: deployment.*, cluster.degraded');
const resource = z.string().min(1).max(3000).optional().describe('id of a resource: its events only');
const after = z
  .string()
  .regex(/^(\d{1,15}|evt_[0-9a-f-]{36})$/, { error: 'must be the id or the sequence of an event' })
  .optional();

const eventQuery = z.strictObject({
  after: after.describe(
    'id or sequence of the last event that is known; left out: from the oldest that is kept',
  ),
  type: types,
  resource,
  limit,
});
const streamQuery = z.strictObject({
  after: after.describe('as Last-Event-ID, for readers that cannot send that'),
  type: types,
  resource,
});
type EventParameters = z.output<typeof eventQuery>;
type StreamParameters = z.output<typeof streamQuery>;

@Controller('v1/events')
export class EventsController {
  constructor(
    private readonly scope: Scope,
    private readonly log: EventLog,
    private readonly feed: EventFeed,
    private readonly authentications: Authentications,
  ) {}

  @Get()
  @Access('events:read')
  @AnswersPage('events', 'Read the log of events, oldest first', Event)
  async list(
    @Query({ schema: eventQuery, pipes: [validated] }) query: EventParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const position = await this.#position(query.after, 'after');
    const found = await this.log.read({
      after: position ?? 0,
      limit: query.limit + 1,
      types: query.type,
      resource: query.resource,
      audience: this.#audience(callerOf(request).principal),
    });
    const more = found.length > query.limit;
    const page = more ? found.slice(0, -1) : found;
    const next = page.at(-1)?.id ?? query.after ?? null;
    const pagination = { limit: query.limit, next_cursor: next, more };
    void reply
      .headers({
        'content-type': 'application/json; charset=utf-8',
        'cache-control': 'private, no-cache',
        vary: 'Authorization',
      })
      .send(
        `{"data":[${page.map(({ body }) => body).join(',')}],"pagination":${JSON.stringify(pagination)},"requestId":"${request.id}"}`,
      );
  }

  @Get('stream')
  @Access('events:read')
  @AnswersStream('events', 'Hear of events as they happen (Server-Sent Events)')
  async stream(
    @Query({ schema: streamQuery, pipes: [validated] }) query: StreamParameters,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    const header = request.headers['last-event-id'];
    if (header !== undefined && !after.safeParse(header).success) {
      throw invalidField('Last-Event-ID', 'must be the id or the sequence of an event');
    }
    const last = typeof header === 'string' ? header : query.after;
    const position = await this.#position(last, typeof header === 'string' ? 'Last-Event-ID' : 'after');
    reply.hijack();
    const response = reply.raw;
    response.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    response.write('retry: 2000\n\n');
    const stream = new EventStream({
      response,
      log: this.log,
      feed: this.feed,
      after: position,
      types: query.type,
      resource: query.resource,
      audience: this.#audience(callerOf(request).principal),
      recheck: () => this.#recheck(request),
    });
    await stream.start();
  }

  #audience(principal: Principal): Audience {
    if (principal.everything) return { connections: undefined, teams: undefined };
    const heard = principal.grants.filter(({ scopes }) => scopes.has('events:read'));
    const { scope } = this;
    return {
      /** Looked at anew each time: they come and go, and another team may have the slug, while a stream is open. */
      get connections() {
        return scope.visible(principal, 'events:read').map(({ slug }) => slug);
      },
      teams: heard.map(({ team }) => team.id),
    };
  }

  /** What the credential that opened the stream is good for by now. */
  async #recheck(request: FastifyRequest): Promise<Audience | undefined> {
    try {
      const principal = await this.authentications.check(request.headers.authorization, request);
      return may(principal, 'events:read', null) ? this.#audience(principal) : undefined;
    } catch {
      return undefined; // whatever is wrong with it: the reader comes again and hears of it then
    }
  }

  /** The sequence that a reader has come to. What is no longer kept is refused: it would be a gap that nobody notices. */
  async #position(text: string | undefined, field: string): Promise<number | undefined> {
    if (text === undefined) return undefined;
    const sequence = text.startsWith('evt_') ? await this.log.sequenceOf(text) : Number(text);
    const { oldest, newest } = await this.log.bounds();
    if (sequence === undefined || sequence < oldest - 1 || sequence > newest) {
      throw invalidField(field, 'is no event that is kept: read the lists again, and begin without it');
    }
    return sequence;
  }
}
