import cors from '@fastify/cors';
import helmet from '@fastify/helmet';
import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** helmet's own word for a route that it leaves alone */
    helmet?: { skipRoute: true };
  }
}

/** What scripts of other origins may read of an answer, beside what they always may. */
const exposedHeaders = [
  'ETag',
  'Idempotency-Replayed',
  'Link',
  'Location',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'X-Fleetgate-Complete',
  'X-Fleetgate-Operation',
  'X-Fleetgate-Throttle',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'X-Request-Id',
];

/**
 * What browsers are told. Pages (documents, sign-in) get all of helmet's headers; answers of the API are JSON that nobody
 * renders, for which `X-Content-Type-Options` is enough. Other origins may call us only where the operator says so, and never
 * with cookies. To be awaited before any hook that refuses is added, so that refusals have these headers too.
 */
export async function installBrowserRules(
  server: FastifyInstance,
  corsOrigins: readonly string[],
): Promise<void> {
  server.addHook('onRoute', (route) => {
    if (route.url.startsWith('/v1/')) route.config = { ...route.config, helmet: { skipRoute: true } };
  });
  await server.register(helmet, {
    // Over plain http, as on a laptop, it would send the pages' own files to where nobody listens.
    contentSecurityPolicy: { directives: { upgradeInsecureRequests: null } },
  });
  if (corsOrigins.length === 0) return;
  await server.register(cors, {
    origin: [...corsOrigins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders,
    maxAge: 600,
    hideOptionsRoute: true,
  });
}
