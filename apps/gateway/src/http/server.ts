import { type FastifyInstance, fastify } from 'fastify';
import type { Logger } from 'pino';
import { accessLog } from './access-log.ts';
import { answerError } from './error-filter.ts';
import type { Authenticate, Principal } from './principal.ts';
import { type ReadyAnswers, writeList } from './ready-answers.ts';
import { requestIdOf } from './request-id.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** who calls; null on routes that are open to all */
    principal: Principal | null;
  }
  interface FastifyContextConfig {
    /** true: no credentials are asked for */
    open?: boolean;
  }
}

export interface ServerParts {
  logger: Logger;
  authenticate: Authenticate;
  ready: () => ReadyAnswers | undefined;
}

const maxBodyBytes = 1024 * 1024;
/** An id carries the upstream's key, which may have up to four parts of 512 characters, each escaped. */
const maxIdLength = 3000;

/**
 * The HTTP server, and in their order the hooks that every request passes: who calls, then the answers that are ready. They
 * stand before everything that Nest adds.
 */
export function createServer({ logger, authenticate, ready }: ServerParts): FastifyInstance {
  const server = fastify({
    logger: false,
    bodyLimit: maxBodyBytes,
    routerOptions: { maxParamLength: maxIdLength, ignoreTrailingSlash: true },
    genReqId: requestIdOf,
    requestTimeout: 30_000,
    keepAliveTimeout: 72_000,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    frameworkErrors: (error, request, reply) => answerError(error, request, reply),
  });
  server.decorateRequest('principal', null);

  server.addHook('onRequest', (request, reply, done) => {
    if (!request.routeOptions.config?.open && !isOpenPath(request.url)) {
      request.principal = authenticate(request.headers.authorization);
      if (request.method === 'GET') {
        const answer = ready()?.find(request.principal.id, request.url);
        if (answer) {
          writeList(request, reply, answer);
          return;
        }
      }
    }
    reply.header('x-request-id', request.id);
    done();
  });
  server.addHook('onResponse', accessLog(logger));
  return server;
}

/** Outside of /v1 there is nothing to see but documents and health. */
function isOpenPath(url: string): boolean {
  return !url.startsWith('/v1/') && url !== '/v1' && !url.startsWith('/v1?');
}
