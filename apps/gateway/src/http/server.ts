import { createServer as createHttpServer, type RequestListener } from 'node:http';
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyRequest,
  fastify,
  LogController,
} from 'fastify';
import type { Logger } from 'pino';
import { createAccessLog } from './access-log.ts';
import { createClientErrors } from './client-errors.ts';
import { answerError } from './error-filter.ts';
import { type Admit, createFront } from './front.ts';
import { type Authenticate, Authentications, type Principal } from './principal.ts';
import type { ReadyAnswers } from './ready-answers.ts';
import { requestIdOf } from './request-id.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** who calls; null on routes that are open to all */
    principal: Principal | null;
  }
  interface FastifyContextConfig {
    /** true: no credentials are asked for */
    open?: boolean;
    /** true: an Idempotency-Key is the upstream's business */
    passesKeyOn?: boolean;
  }
}

export interface ServerParts {
  logger: Logger;
  authenticate: Authenticate;
  /** undefined until the application is up */
  ready: () => ReadyAnswers | undefined;
  /** absent: whoever is known is admitted */
  admit?: Admit;
}

/** A request has to be in within this, and an idle connection may stay this long; milliseconds. */
const requestTimeout = 30_000;
const keepAliveTimeout = 72_000;
const maxBodyBytes = 1024 * 1024;
/** An id carries the upstream's key, which may have up to four parts of 512 characters, each escaped. */
const maxIdLength = 3000;

/**
 * The HTTP server. A request passes, in this order: the front (ready answers), then Fastify with the hooks below (its id, who
 * calls), then whatever Nest adds.
 */
export function createServer({ logger, authenticate, ready, admit }: ServerParts): FastifyInstance {
  const authentications = new Authentications(authenticate);
  const access = createAccessLog(logger);
  const front = createFront({ authentications, ready, access, ...(admit ? { admit } : {}) });
  const server = fastify({
    serverFactory: (handler) => {
      const listener: RequestListener = (request, response) => {
        front(request, response, () => handler(request, response));
      };
      // An expectation that nobody knows may be passed over (RFC 9110, 10.1.1); Node alone would answer it without a body.
      return createHttpServer({ requestTimeout, keepAliveTimeout }, listener).on(
        'checkExpectation',
        listener,
      );
    },
    clientErrorHandler: createClientErrors(logger),
    loggerInstance: logger as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }), // the hook below says it
    childLoggerFactory: (parent) => parent, // request ids are named where something is said
    bodyLimit: maxBodyBytes,
    routerOptions: { maxParamLength: maxIdLength, ignoreTrailingSlash: true },
    genReqId: requestIdOf,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    frameworkErrors: (error, request, reply) => answerError(error, request, reply),
  });
  server.removeContentTypeParser('text/plain'); // JSON is all that is taken
  // Nest adds the parser of application/json itself; a merge patch is JSON under a name of its own.
  server.addContentTypeParser(
    'application/merge-patch+json',
    { parseAs: 'string' },
    server.getDefaultJsonParser('error', 'error'),
  );
  server.decorateRequest('principal', null);
  server.addHook('onClose', () => access.flush());

  server.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id);
    if (!isOpen(request)) {
      request.principal = authentications.check(request.headers.authorization);
    }
    done();
  });
  server.addHook('onResponse', (request, reply, done) => {
    const { id, method, url } = request;
    const { statusCode: status } = reply.raw;
    const [path = ''] = url.split('?', 1);
    const principal = request.principal?.id ?? null;
    if (status < 400) {
      access.say({ id, method, path, status, started: performance.now() - reply.elapsedTime, principal });
    } else {
      // By the logger's own way, which takes secrets out: what was refused may hold anything.
      const ms = Math.round(reply.elapsedTime * 100) / 100;
      logger.info({ requestId: id, method, path, status, ms, principal }, 'request');
    }
    done();
  });
  return server;
}

/**
 * Outside of /v1 there is nothing to see but documents and health. It is the route that counts: its path can be spelled in
 * other ways (/%761/clusters). Where no route is, there is nothing to protect.
 */
function isOpen({ routeOptions: { url, config } }: FastifyRequest): boolean {
  return url === undefined || !url.startsWith('/v1/') || config.open === true;
}
