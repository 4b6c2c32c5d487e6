import { Fault } from '@fleetgate/model';
import type { NativeRequest, PassThrough } from '@fleetgate/provider-runtime';
import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { errorOfFault, unsupported } from '../answers/upstream-errors.ts';
import { callerOf } from '../http/current.ts';
import { answerError } from '../http/error-filter.ts';
import { linesOf } from '../http/quick-head.ts';
import { Scope } from '../reading/scope.ts';
import { NativeAnswer, namesWith } from './native-answer.ts';
import { nativeBody } from './native-body.ts';
import { nativeHeaders } from './native-headers.ts';
import { nativeTarget } from './native-target.ts';

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** As they are registered. */
export const nativeRoutes = {
  bare: '/v1/connections/:id/native',
  below: '/v1/connections/:id/native/*',
} as const;

/**
 * The upstreams' own APIs: any method and path below a connection's base goes through as it is, with the connection's
 * credentials in place of the caller's, within its limits. The plain ones go by the lane before the framework (`NativeLane`);
 * here is whoever has a body, or is not known yet, and whatever is refused.
 */
@Injectable()
export class NativeCalls {
  constructor(private readonly scope: Scope) {}

  /** In a scope of its own, where no body is parsed: it goes through as well. */
  install(server: FastifyInstance): void {
    server.register(async (scope) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
      for (const url of Object.values(nativeRoutes)) {
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
    const { raw } = request;
    const { slug, target } = nativeTarget(raw.url ?? '');
    const connection = this.scope.named(slug, callerOf(request).principal, 'native:call');
    const { passThrough } = connection.provider;
    if (!passThrough) throw unsupported(connection, 'native.call');
    const answer = new RoutedAnswer(request, reply, slug);
    const { body, length, complaint } = await nativeBody(raw);
    const headers = nativeHeaders(raw.rawHeaders, raw.headers.connection);
    if (length !== undefined) headers.push('content-length', length);
    try {
      await answer.of(passThrough, { method: request.method, target, headers, body });
    } catch (error) {
      throw complaint() ?? (error instanceof Fault ? errorOfFault(error, connection) : error);
    }
  }
}

/** The answer to a call that came by its route. */
class RoutedAnswer extends NativeAnswer {
  readonly #over = Promise.withResolvers<void>();

  constructor(
    private readonly request: FastifyRequest,
    private readonly reply: FastifyReply,
    slug: string,
  ) {
    const headers = Object.entries(reply.getHeaders()).filter(([name]) => name !== 'x-content-type-options');
    const lines = linesOf(headers.flatMap(([name, value]) => [name, String(value)]));
    super(reply.raw, slug, { lines, names: namesWith(headers.map(([name]) => name)) });
    reply.raw.once('close', () => {
      if (!reply.raw.writableFinished) this.leave();
    });
  }

  /** Resolves with the whole answer handed on; rejects with what went wrong. */
  of(way: PassThrough, request: NativeRequest): Promise<void> {
    const { requestId, traceparent, deadlineAt } = callerOf(this.request);
    this.pass(way, request, { requestId, traceparent, deadlineAt });
    return this.#over.promise;
  }

  override head(status: number, headers: readonly Buffer[]): void {
    this.reply.hijack();
    super.head(status, headers);
  }

  override end(): void {
    super.end();
    this.#over.resolve();
  }

  fail(error: unknown): void {
    this.#over.reject(error);
  }
}
