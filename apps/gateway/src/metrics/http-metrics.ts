import type { FastifyInstance } from 'fastify';
import type { Metrics } from './metrics.ts';

/** Counts and times every answer that the framework gives; ready ones are counted where they are written. */
export function installHttpMetrics(server: FastifyInstance, metrics: Metrics): void {
  server.addHook('onRequest', (request, reply, done) => {
    const started = performance.now();
    metrics.underWay += 1;
    // It comes whatever becomes of the request, also when the caller goes away before its answer.
    reply.raw.once('close', () => {
      metrics.underWay -= 1;
      const route = request.is404 ? 'none' : (request.routeOptions.url ?? 'none');
      const method = route === 'none' ? 'any' : request.method;
      const status = reply.raw.writableFinished ? reply.raw.statusCode : 'aborted';
      metrics.answers.of(route, method, status).given += 1;
      metrics.httpDuration.observe({ route, method }, (performance.now() - started) / 1000);
    });
    done();
  });
}
