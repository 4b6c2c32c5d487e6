import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { Metrics } from './metrics.ts';

/** Counts and times every answer that the framework gives; ready ones are counted where they are written. */
export function installHttpMetrics(server: FastifyInstance, metrics: Metrics): void {
  server.addHook('onRequest', (request, reply, done) => {
    const started = performance.now();
    metrics.underWay += 1;
    // It comes whatever becomes of the request, also when the caller goes away before its answer.
    reply.raw.once('close', () => {
      const route = request.is404 ? 'none' : (request.routeOptions.url ?? 'none');
      const method = route === 'none' ? 'any' : request.method;
      countAnswer(metrics, { route, method }, reply.raw, started);
    });
    done();
  });
}

/** Of a request that was under way, and is over; `started`: by `performance.now()`. */
export function countAnswer(
  metrics: Metrics,
  { route, method }: { readonly route: string; readonly method: string },
  { writableFinished, statusCode }: ServerResponse,
  started: number,
): void {
  metrics.underWay -= 1;
  metrics.answers.of(route, method, writableFinished ? statusCode : 'aborted').given += 1;
  metrics.httpDuration.observe({ route, method }, (performance.now() - started) / 1000);
}
