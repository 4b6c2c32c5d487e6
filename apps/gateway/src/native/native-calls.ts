import { Fault } from '@fleetgate/model';
import { newCall } from '@fleetgate/provider-runtime';
import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { errorOfFault, unsupported } from '../answers/upstream-errors.ts';
import { callerOf } from '../http/current.ts';
import { answerError } from '../http/error-filter.ts';
import { Scope } from '../reading/scope.ts';
import { answerSink } from './native-answer.ts';
import { nativeBody } from './native-body.ts';
import { nativeHeaders } from './native-headers.ts';
import { nativeTarget } from './native-target.ts';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/**
 * The upstreams' own APIs: any method and path below a connection's base goes through as it is, with the connection's
 * credentials in place of the caller's, within its limits.
 */
@Injectable()
export class NativeCalls {
  constructor(private readonly scope: Scope) {}

  /** In a scope of its own, where no body is parsed: it goes through as well. */
  install(server: FastifyInstance): void {
    server.register(async (scope) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
      for (const url of ['/v1/connections/:id/native', '/v1/connections/:id/native/*']) {
        scope.route({
          method: methods,
          url,
          config: { access: 'native:call', passesKeyOn: true },
          handler: (request, reply) => this.#answer(request, reply),
        });
      }
    });
  }

  async #answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    try {
      await this.#pass(request, reply);
    } catch (error) {
      answerError(error, request, reply);
    }
    return reply;
  }

  async #pass(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const caller = callerOf(request);
    const { raw } = request;
    const { slug, target } = nativeTarget(raw.url ?? '');
    const connection = this.scope.named(slug, caller.principal, 'native:call');
    const { passThrough } = connection.provider;
    if (!passThrough) throw unsupported(connection, 'native.call');
    const leaving = new AbortController();
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) leaving.abort();
    });
    const { body, length, complaint } = await nativeBody(raw);
    const headers = nativeHeaders(raw.rawHeaders, raw.headers.connection);
    if (length !== undefined) headers.push('content-length', length);
    try {
      await passThrough.pass(
        { method: request.method, target, headers, body },
        answerSink(reply, slug),
        newCall({ ...caller, signal: leaving.signal, random: Math.random }),
      );
    } catch (error) {
      throw complaint() ?? (error instanceof Fault ? errorOfFault(error, connection) : error);
    }
  }
}
