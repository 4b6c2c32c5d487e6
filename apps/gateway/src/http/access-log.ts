import type { FastifyReply, FastifyRequest, HookHandlerDoneFunction } from 'fastify';
import type { Logger } from 'pino';

/** One line for every answer: who asked what, what came of it, and how long it took. */
export function accessLog(logger: Logger) {
  return (request: FastifyRequest, reply: FastifyReply, done: HookHandlerDoneFunction): void => {
    if (logger.isLevelEnabled('info')) {
      const { url } = request;
      const cut = url.indexOf('?');
      logger.info(
        {
          requestId: request.id,
          method: request.method,
          path: cut < 0 ? url : url.slice(0, cut),
          status: reply.raw.statusCode,
          ms: Math.round(reply.elapsedTime * 100) / 100,
          principal: request.principal?.id ?? null,
        },
        'request',
      );
    }
    done();
  };
}
