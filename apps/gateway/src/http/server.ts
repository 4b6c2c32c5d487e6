import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from 'fastify';
import type { Logger } from 'pino';
import { refusalOf, ruleOf } from '../access/access.ts';
import type { Authentications } from '../access/authentications.ts';
import type { Principal } from '../access/principal.ts';
import { installHttpMetrics } from '../metrics/http-metrics.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { installExplain } from '../requests/explain.ts';
import type { ReadyStories } from '../requests/ready-stories.ts';
import type { RequestHooks } from '../requests/request-hooks.ts';
import { type Admissions, type Counted, strangerOrVisitor } from '../throttle/admission.ts';
import { type AccessLog, sayEnded } from './access-log.ts';
import { boundBodyDepth } from './body-depth.ts';
import { installBrowserRules } from './browsers.ts';
import { createClientErrors } from './client-errors.ts';
import { answerError } from './error-filter.ts';
import { createFront, type FindReady, type Front } from './front.ts';
import { overloaded, watchOverload } from './overload.ts';
import { keepAliveTimeout } from './quick-head.ts';
import { requestIdOf } from './request-id.ts';
import { installTimeLimits } from './time-limit.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** who calls; null on routes that are open to all */
    principal: Principal | null;
  }
  interface FastifyContextConfig {
    /** true: an Idempotency-Key is the upstream's business */
    passesKeyOn?: boolean;
  }
}

export interface ServerParts {
  logger: Logger;
  authentications: Authentications;
  /** CIDRs of the proxies whose X-Forwarded-For counts */
  trustedProxies: readonly string[];
  /** origins whose pages may read answers */
  corsOrigins: readonly string[];
  access: AccessLog;
  ready: FindReady;
  /** calls that go through to an upstream's own API */
  native: Front;
  admissions: Admissions;
  metrics: Metrics;
  requests: RequestHooks;
  readyStories: ReadyStories;
  /** how late the event loop may be, in milliseconds, before requests are refused */
  maxLoopDelayMs: number;
  /** true: every answer is the last on its connection */
  isClosing: () => boolean;
  /** takes secrets out of a text */
  clean: (text: string) => string;
}

/** A request has to be in within this; milliseconds. */
const requestTimeout = 30_000;
const maxBodyBytes = 1024 * 1024;
/** An id carries the upstream's key, which may have up to four parts of 512 characters, each escaped. */
const maxIdLength = 3000;

/**
 * The HTTP server. A request passes, in this order: the front (ready answers), then Fastify with the hooks below (its id, who
 * calls), then whatever Nest adds.
 */
export async function createServer(parts: ServerParts): Promise<FastifyInstance> {
  const {
    logger,
    authentications,
    trustedProxies,
    corsOrigins,
    ready,
    admissions,
    metrics,
    requests,
    clean,
    access,
  } = parts;
  const front = createFront({
    authentications,
    ready,
    access,
    admit: (principal, request, tell) => admissions.ofReady(principal, request, tell),
    stories: parts.readyStories,
    native: (request, response, next) =>
      parts.isClosing() || isOverloaded() ? next() : parts.native(request, response, next),
  });
  const server = fastify({
    serverFactory: (handler) => {
      const listener: RequestListener = (request, response) => {
        // What is ready is the same for every origin, and knows nothing of CORS.
        if (corsOrigins.length > 0 && request.headers.origin !== undefined) handler(request, response);
        else front(request, response, () => handler(request, response));
      };
      // An expectation that nobody knows may be passed over (RFC 9110, 10.1.1); Node alone would answer it without a body.
      return createHttpServer({ requestTimeout, keepAliveTimeout }, listener).on(
        'checkExpectation',
        listener,
      );
    },
    clientErrorHandler: createClientErrors(logger, (address) => admissions.ofSocket(address)),
    loggerInstance: logger as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }), // the hook below says it
    childLoggerFactory: (parent) => parent, // request ids are named where something is said
    bodyLimit: maxBodyBytes,
    routerOptions: { maxParamLength: maxIdLength, ignoreTrailingSlash: true },
    genReqId: requestIdOf,
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    frameworkErrors: (error, request, reply) =>
      admissions.count('visitor', request, reply, (refusal) => answerError(refusal ?? error, request, reply)),
  });
  installHttpMetrics(server, metrics);
  requests.install(server);
  server.decorateRequest('principal', null);
  server.decorateRequest('counted', false);
  server.addHook('onRequest', (request, reply, done) => {
    reply.headers({ 'x-request-id': request.id, 'x-content-type-options': 'nosniff' });
    if (parts.isClosing()) reply.header('connection', 'close');
    // What a browser asks beforehand is answered by the rules for browsers, before the hook that counts the rest.
    if (corsOrigins.length > 0 && request.method === 'OPTIONS')
      admissions.count('visitor', request, reply, done);
    else done();
  });
  installExplain(server, clean);
  const isOverloaded = watchOverload(server, parts.maxLoopDelayMs);
  installTimeLimits(server);
  await installBrowserRules(server, corsOrigins);
  server.removeContentTypeParser('text/plain'); // JSON is all that is taken
  // Nest adds the parser of application/json itself; a merge patch is JSON under a name of its own.
  server.addContentTypeParser(
    'application/merge-patch+json',
    { parseAs: 'string' },
    server.getDefaultJsonParser('error', 'error'),
  );
  boundBodyDepth(server);
  server.addHook('onClose', () => access.flush());

  server.addHook('onRequest', (request, reply, done) => {
    const rule = ruleOf(request);
    /** What is said in the end: that it is one call too many, before anything else. */
    const count = (counted: Counted, otherwise?: Error) =>
      request.counted
        ? done(otherwise)
        : admissions.count(counted, request, reply, (refusal) => done(refusal ?? otherwise));
    if (rule === 'open') return count(strangerOrVisitor(request));
    const { authorization } = request.headers;
    const admitted = (principal: Principal) => {
      request.principal = principal;
      count(principal, refusalOf(principal, rule));
    };
    const known = authentications.known(authorization);
    if (isOverloaded() && rule !== 'root') {
      metrics.httpShed.inc();
      return count(known ?? 'visitor', overloaded());
    }
    if (known) return admitted(known);
    authentications
      .check(authorization, request)
      .then(admitted, (error) => count(error.code === 'unauthorized' ? 'stranger' : 'visitor', error));
  });
  server.addHook('onResponse', (request, reply, done) => {
    const { id, method, url } = request;
    sayEnded(access, logger, {
      id,
      method,
      url,
      status: reply.raw.statusCode,
      started: performance.now() - reply.elapsedTime,
      principal: request.principal?.id ?? null,
      traceId: request.story?.trace.traceId,
      now: Date.now(),
    });
    done();
  });
  return server;
}
