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
import { version } from './boot/version.ts';
import type { Config } from './config.ts';
import { CONNECTIONS } from './connections/connection.ts';
import { RecentCalls } from './connections/recent-calls.ts';
import { serveDocuments } from './docs/documents.ts';
import { EventFeed } from './events/event-feed.ts';
import { Sequencer } from './events/sequencer.ts';
import { firstSync } from './health/first-sync.ts';
import { Health } from './health/health.ts';
import { createAccessLog } from './http/access-log.ts';
import { ErrorFilter } from './http/error-filter.ts';
import type { FindReady } from './http/front.ts';
import { PublicUrl } from './http/public-url.ts';
import { ReadyAnswers } from './http/ready-answers.ts';
import { RouteTable } from './http/route-table.ts';
import { createServer } from './http/server.ts';
import { Idempotency } from './idempotency/idempotency.ts';
import { InboundHooks } from './inbound/inbound-hooks.ts';
import { Sources } from './inventory/sources.ts';
import { SyncJobs } from './inventory/sync-jobs.ts';
import { NestLogger } from './logging/nest-logger.ts';
import type { Redaction } from './logging/redaction.ts';
import { Metrics } from './metrics/metrics.ts';
import { MetricsPort } from './metrics/metrics-port.ts';
import { Scrapes } from './metrics/scrapes.ts';
import { upstreamMetrics } from './metrics/upstream-metrics.ts';
import { NativeCalls } from './native/native-calls.ts';
import { NativeLane } from './native/native-lane.ts';
import { serveOAuth } from './oauth/oauth-routes.ts';
import { Scope } from './reading/scope.ts';
import { ReadyStories } from './requests/ready-stories.ts';
import { RequestHooks } from './requests/request-hooks.ts';
import { RequestLog } from './requests/request-log.ts';
import { Stories } from './requests/stories.ts';
import { Admissions } from './throttle/admission.ts';
import { ThrottleGuard } from './throttle/throttle.guard.ts';
import { TokenAuthenticator } from './tokens/token-authenticator.ts';
import { Jobs } from './tracing/jobs.ts';
import type { Spans } from './tracing/spans.ts';
import { Dispatcher } from './webhooks/dispatcher.ts';
import { FanOut } from './webhooks/fan-out.ts';
import { Sender } from './webhooks/sender.ts';
import { OperationRunner } from './writing/operation-runner.ts';

/** How long requests that are under way may take to end at a stop, in milliseconds, draining included. */
const requestPatience = 15_000;

/** How long deliveries that are under way may take to end at a stop, in milliseconds; what is cut off is sent again. */
const deliveryPatience = 5_000;

/** Wires the whole gateway and starts its background work; it listens when told to. */
export async function createApp(
  parts: Omit<AppParts, 'authentications' | 'metrics' | 'recent' | 'stories' | 'jobs'> & {
    logger: Logger;
    redaction: Pick<Redaction, 'text'>;
  },
): Promise<AppHandle & { app: NestFastifyApplication }> {
  const { config, logger } = parts;
  let ready: FindReady = () => undefined;
  const authentications = new Authentications();
  const { trustedProxies, corsOrigins } = config;
  const admissions = new Admissions();
  let closing = false;
  const metrics = new Metrics();
  const recent = new RecentCalls();
  const stories = new Stories();
  const clean = (text: string) => parts.redaction.text(text);
  const { slowRequestMs: slowMs, requestSample: sample } = config;
  const spans = await spansOf(config, clean);
  const requests = new RequestHooks({ stories, clean, slowMs, sample, spans });
  const readyStories = new ReadyStories({ clean, slowMs, sample });
  const access = createAccessLog(logger);
  const lane = new NativeLane({
    authentications,
    admissions,
    metrics,
    requests,
    access,
    logger,
    varies: corsOrigins.length > 0,
  });
  const server = await createServer({
    logger,
    access,
    native: (request, response, next) => lane.take(request, response, next),
    authentications,
    trustedProxies,
    corsOrigins,
    admissions,
    metrics,
    requests,
    readyStories,
    clean,
    maxLoopDelayMs: config.maxLoopDelayMs,
    isClosing: () => closing,
    ready: (principal, url, now) => ready(principal, url, now),
  });
  const routes = new RouteTable(server);
  const declarations = new Declarations(server);
  const app = await NestFactory.create<NestFastifyApplication>(
    AppModule.with({ ...parts, authentications, metrics, recent, stories, jobs: new Jobs(stories, spans) }),
    // The adapter's types name Fastify's own copy of the same class.
    new FastifyAdapter(server as never),
    { logger: new NestLogger(logger), abortOnError: false, bodyParser: false, forceCloseConnections: false },
  );
  const jobs = config.role === 'api' ? undefined : app.get(SyncJobs);
  const { observers } = parts.connector;
  const unhear = [observers.add(upstreamMetrics(metrics)), observers.add(recent), observers.add(stories)];
  const metricsPort =
    config.metricsPort === null
      ? undefined
      : new MetricsPort({ host: config.host, port: config.metricsPort, scrapes: app.get(Scrapes) });
  try {
    app.useGlobalFilters(new ErrorFilter(routes, app.get(Audit)));
    serveDocuments(app, server);
    app.get(Idempotency).install(server);
    serveOAuth(server, app);
    app.get(NativeCalls).install(server);
    app.get(InboundHooks).install(server);
    await app.init();
    declarations.assertComplete();
    authentications.use([...app.get<Authenticator[]>(AUTHENTICATORS), app.get(TokenAuthenticator)]);
    admissions.use(app.get(ThrottleGuard));
    await server.ready();
    const requestLog = app.get(RequestLog);
    requests.keep = (entry) => requestLog.add(entry);
    requests.hasRoom = (team) => requestLog.hasRoom(team);
    readyStories.keep = requests.keep;
    lane.open(app.get(Scope));
    ready = readyIn(app.get(ReadyAnswers), app.get(Scope));
    await jobs?.start();
    if (jobs) {
      app.get(OperationRunner).startRecovery();
      await app.get(Sequencer).start();
      await app.get(FanOut).start();
      await app.get(Dispatcher).start();
    }
  } catch (error) {
    for (const leave of unhear) leave();
    await app.close();
    throw error;
  }

  return {
    app,
    async listen() {
      const url = await server.listen({ host: config.host, port: config.port });
      app.get(PublicUrl).listensAt(url);
      const port = await metricsPort?.listen();
      if (port !== undefined) logger.info({ port }, 'metrics');
      return { url };
    },
    firstSync: (timeoutMs) => firstSync(app.get(CONNECTIONS), app.get(Sources), timeoutMs),
    play: () => app.get(PlayWorld).facts,
    async close() {
      app.get(Health).stopping();
      // Whoever sends requests here hears from /readyz to send no more, and each answer ends its connection, ready ones too.
      closing = true;
      ready = () => undefined;
      const background = [jobs?.stop(), app.get(FanOut).stop(), app.get(Dispatcher).stop(deliveryPatience)];
      await sleep(config.drainMs);
      app.get(EventFeed).dismiss();
      // One request that hangs must not keep the rest from ending: what is still open then is cut off by the last step.
      const late = sleep(requestPatience - config.drainMs, undefined, { ref: false });
      await Promise.race([server.close(), late]);
      await Promise.all(background);
      requests.close();
      await app.get(Sender).close();
      server.server.closeAllConnections();
      metricsPort?.close();
      for (const leave of unhear) leave();
      await app.close();
      await spans?.close();
    },
  };
}

/** The library is read only where somebody collects. */
async function spansOf(
  { otlpEndpoint, traceSample }: Config,
  clean: (text: string) => string,
): Promise<Spans | undefined> {
  if (otlpEndpoint === null) return undefined;
  const tracing = await import('./tracing/spans.ts');
  return new tracing.Spans({ endpoint: otlpEndpoint, sample: traceSample, version: version(), clean });
}

function readyIn(answers: ReadyAnswers, scope: Scope): FindReady {
  return (principal, url, now) => answers.find(scope.sightOf(principal), url, now);
}
