import { Fault, isFault } from '@fleetgate/model';
import { newCall } from '@fleetgate/provider-runtime';
import type { HookSubject, Hooks } from '@fleetgate/provider-spec';
import { Inject, Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../answers/api-error.ts';
import { errorOfFault } from '../answers/upstream-errors.ts';
import { CONNECTIONS, type Connection, type Connections } from '../connections/connection.ts';
import { answerError } from '../http/error-filter.ts';
import { invalid } from '../http/validation.ts';
import { Inventory } from '../inventory/inventory.ts';
import { noQuery } from '../reading/list-query.ts';
import { facetFor } from '../writing/settled.ts';

/** A message only names what it is about. */
const maxBodyBytes = 256 * 1024;

/**
 * Messages that upstreams send when something has happened there. One that is signed makes the gateway ask the upstream, as a
 * read by id does; what comes of that goes into the inventory, and so into the log of events, where a message that comes
 * twice, or tells what a sync has found already, makes no second event.
 */
@Injectable()
export class InboundHooks {
  constructor(
    @Inject(CONNECTIONS) private readonly connections: Connections,
    private readonly inventory: Inventory,
  ) {}

  /** In a scope of its own, where bodies stay as they came: a signature is over their very bytes. */
  install(server: FastifyInstance): void {
    server.register(async (scope) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser(
        '*',
        { parseAs: 'string', bodyLimit: maxBodyBytes },
        (_request, body, done) => done(null, body),
      );
      scope.route<{ Params: { id: string } }>({
        method: 'POST',
        url: '/v1/connections/:id/inbound',
        config: { access: 'open' },
        handler: (request, reply) => this.#answer(request.params.id, request, reply),
      });
    });
  }

  async #answer(slug: string, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    try {
      const { error } = noQuery.safeParse(request.query);
      if (error) throw invalid(error.issues);
      const connection = this.connections.find(slug);
      if (!connection?.provider.hooks) throw refused();
      for (const subject of subjectsOf(connection.provider.hooks, request))
        await this.#look(connection, subject, request);
      reply.code(204).header('cache-control', 'no-store').send();
    } catch (error) {
      answerError(error, request, reply);
    }
    return reply;
  }

  /** Rejects where the upstream does not answer: whoever sent the message then sends it again. */
  async #look(connection: Connection, { kind, key }: HookSubject, request: FastifyRequest): Promise<void> {
    const { id: requestId } = request;
    // Ends by the deadline of a read: what is true is worth knowing, also when the sender has gone.
    const { signal } = new AbortController();
    const call = newCall({ requestId, traceparent: request.story?.traceparent, signal, random: Math.random });
    const askedAt = Date.now();
    try {
      await this.inventory.observe(
        connection,
        kind,
        await facetFor(connection, kind).get({ key }, call),
        false,
        askedAt,
      );
    } catch (error) {
      if (isFault(error, 'not_found')) await this.inventory.vanish(connection, kind, key, askedAt);
      else throw error instanceof Fault ? errorOfFault(error, connection) : error;
    }
  }
}

/** Whoever cannot sign is not told whether there is such a connection, or whether it takes messages. */
const refused = () =>
  new ApiError('unauthorized', 'the message is not signed with the secret of this connection');

function subjectsOf(hooks: Hooks, request: FastifyRequest): readonly HookSubject[] {
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join() : value,
    ]),
  );
  try {
    return hooks.read({ headers, body: typeof request.body === 'string' ? request.body : '' });
  } catch (error) {
    if (isFault(error, 'unauthenticated')) throw refused();
    if (isFault(error, 'invalid')) throw new ApiError('validation_error', error.message);
    throw error;
  }
}
