import { setTimeout as sleep } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { Declarations } from './access/access.ts';
import { Authentications } from './access/authentications.ts';
import { AUTHENTICATORS, type Authenticator } from './access/authenticator.ts';
import { PlayWorld } from './access/play/play-world.ts';
import { AppModule, type AppParts } from './app.module.ts';
import { Audit } from './audit/audit.ts';
import type { AppHandle } from './boot/app-handle.ts';
import { CONNECTIONS } from './connections/connection.ts';
import { serveDocuments } from './docs/documents.ts';
import { EventFeed } from './events/event-feed.ts';
import { Sequencer } from './events/sequencer.ts';
import { firstSync } from './health/first-sync.ts';
import { Health } from './health/health.ts';
import { ErrorFilter } from './http/error-filter.ts';
import type { FindReady } from './http/front.ts';
import { PublicUrl } from './http/public-url.ts';
import { ReadyAnswers } from './http/ready-answers.ts';
import { RouteTable } from './http/route-table.ts';
import { createServer } from './http/server.ts';
import { Idempotency } from './idempotency/idempotency.ts';
import { Sources } from './inventory/sources.ts';
import { SyncJobs } from './inventory/sync-jobs.ts';
import { NestLogger } from './logging/nest-logger.ts';
import { NativeCalls } from './native/native-calls.ts';
import { serveOAuth } from './oauth/oauth-routes.ts';
import { Scope } from './reading/scope.ts';
import { Admissions } from './throttle/admission.ts';
import { ThrottleGuard } from './throttle/throttle.guard.ts';
import { TokenAuthenticator } from './tokens/token-authenticator.ts';
import { OperationRunner } from './writing/operation-runner.ts';

/** How long requests that are under way may take to end at a stop, in milliseconds. */
const requestPatience = 8000;

/** Wires the whole gateway and starts its background work; it listens when told to. */
export async function createApp(
  parts: Omit<AppParts, 'authentications'> & { logger: Logger },
): Promise<AppHandle & { app: NestFastifyApplication }> {
  const { config, logger } = parts;
  let ready: FindReady = () => undefined;
  const authentications = new Authentications();
  const { trustedProxies, corsOrigins } = config;
  const admissions = new Admissions();
  const server = await createServer({
    logger,
    authentications,
    trustedProxies,
    corsOrigins,
    admissions,
    ready: (principal, url, now) => ready(principal, url, now),
  });
  const routes = new RouteTable(server);
  const declarations = new Declarations(server);
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.with({ ...parts, authentications }),
    // The adapter's types name Fastify's own copy of the same class.
    new FastifyAdapter(server as never),
    { logger: new NestLogger(logger), abortOnError: false, bodyParser: false, forceCloseConnections: false },
  );
  const jobs = config.role === 'api' ? undefined : app.get(SyncJobs);
  try {
    app.useGlobalFilters(new ErrorFilter(routes, app.get(Audit)));
    serveDocuments(app);
    app.get(Idempotency).install(server);
    serveOAuth(server, app);
    app.get(NativeCalls).install(server);
    await app.init();
    declarations.assertComplete();
    authentications.use([...app.get<Authenticator[]>(AUTHENTICATORS), app.get(TokenAuthenticator)]);
    admissions.use(app.get(ThrottleGuard));
    await server.ready();
    ready = readyIn(app.get(ReadyAnswers), app.get(Scope));
    await jobs?.start();
    if (jobs) {
      app.get(OperationRunner).startRecovery();
      await app.get(Sequencer).start();
    }
  } catch (error) {
    await app.close();
    throw error;
  }

  return {
    app,
    async listen() {
      const url = await server.listen({ host: config.host, port: config.port });
      app.get(PublicUrl).listensAt(url);
      return { url };
    },
    firstSync: (timeoutMs) => firstSync(app.get(CONNECTIONS), app.get(Sources), timeoutMs),
    play: () => app.get(PlayWorld).facts,
    async close() {
      app.get(Health).stopping();
      app.get(EventFeed).dismiss();
      // One request that hangs must not keep the rest from ending: what is still open then is cut off by the last step.
      await Promise.race([server.close(), sleep(requestPatience, undefined, { ref: false })]);
      await jobs?.stop();
      server.server.closeAllConnections();
      await app.close();
    },
  };
}

function readyIn(answers: ReadyAnswers, scope: Scope): FindReady {
  return (principal, url, now) => answers.find(scope.sightOf(principal), url, now);
}
