import { setTimeout as sleep } from 'node:timers/promises';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Logger } from 'pino';
import { AppModule, type AppParts } from './app.module.ts';
import type { AppHandle } from './boot/app-handle.ts';
import { serveDocuments } from './docs/documents.ts';
import { firstSync } from './health/first-sync.ts';
import { Health } from './health/health.ts';
import { ErrorFilter } from './http/error-filter.ts';
import { rootKeyAuthentication } from './http/principal.ts';
import { ReadyAnswers } from './http/ready-answers.ts';
import { RouteTable } from './http/route-table.ts';
import { createServer } from './http/server.ts';
import { Idempotency } from './idempotency/idempotency.ts';
import { Sources } from './inventory/sources.ts';
import { SyncJobs } from './inventory/sync-jobs.ts';
import { NestLogger } from './logging/nest-logger.ts';
import { OperationRunner } from './writing/operation-runner.ts';

/** How long requests that are under way may take to end at a stop, in milliseconds. */
const requestPatience = 8000;

/** Wires the whole gateway and starts its background work; it listens when told to. */
export async function createApp(
  parts: AppParts & { logger: Logger },
): Promise<AppHandle & { app: NestFastifyApplication }> {
  const { config, logger } = parts;
  let ready: ReadyAnswers | undefined;
  const server = createServer({
    logger,
    authenticate: rootKeyAuthentication(config.rootKey),
    ready: () => ready,
  });
  const routes = new RouteTable(server);
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.with(parts),
    // The adapter's types name Fastify's own copy of the same class.
    new FastifyAdapter(server as never),
    { logger: new NestLogger(logger), abortOnError: false, bodyParser: false, forceCloseConnections: false },
  );
  const jobs = config.role === 'api' ? undefined : app.get(SyncJobs);
  try {
    app.useGlobalFilters(new ErrorFilter(routes));
    serveDocuments(app);
    app.get(Idempotency).install(server);
    await app.init();
    await server.ready();
    ready = app.get(ReadyAnswers);
    await jobs?.start();
    if (jobs) app.get(OperationRunner).startRecovery();
  } catch (error) {
    await app.close();
    throw error;
  }

  return {
    app,
    async listen() {
      const url = await server.listen({ host: config.host, port: config.port });
      return { url };
    },
    firstSync: (timeoutMs) => firstSync(parts.connections, app.get(Sources), timeoutMs),
    async close() {
      app.get(Health).stopping();
      // One request that hangs must not keep the rest from ending: what is still open then is cut off by the last step.
      await Promise.race([server.close(), sleep(requestPatience, undefined, { ref: false })]);
      await jobs?.stop();
      server.server.closeAllConnections();
      await app.close();
    },
  };
}
