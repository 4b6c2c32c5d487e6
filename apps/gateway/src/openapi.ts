import { NestFactory } from '@nestjs/core';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Authentications } from './access/authentications.ts';
import { AppModule, type AppParts } from './app.module.ts';
import { loadConfig } from './config.ts';
import { RecentCalls } from './connections/recent-calls.ts';
import { openApiOf } from './docs/documents.ts';
import { Metrics } from './metrics/metrics.ts';
import { Stories } from './requests/stories.ts';
import { Jobs } from './tracing/jobs.ts';

/**
 * Prints the API document. A preview of the app knows its routes and makes nothing of what they need, so there is neither a
 * database nor a connection, nor any other of its parts.
 */
const keys = {
  FLEETGATE_SECRET_KEY: Buffer.alloc(32).toString('base64'),
  FLEETGATE_ROOT_KEY: 'of-nobody-and-for-nothing',
};
const stories = new Stories();
const parts: AppParts = {
  config: loadConfig({ env: keys, cwd: process.cwd() }),
  database: { url: 'postgres://nowhere', poolSize: 2 },
  connections: { all: () => [], find: () => undefined },
  connector: undefined as never,
  guard: undefined as never,
  authentications: new Authentications(),
  metrics: new Metrics(),
  recent: new RecentCalls(),
  stories,
  jobs: new Jobs(stories),
};
const app = await NestFactory.create(AppModule.with(parts), new FastifyAdapter(), {
  preview: true,
  logger: false,
  abortOnError: false,
});
process.stdout.write(`${JSON.stringify(openApiOf(app), null, 1)}\n`);
