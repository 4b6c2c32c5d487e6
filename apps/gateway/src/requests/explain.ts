import type { FastifyInstance, FastifyRequest } from 'fastify';
import { invalidField } from '../answers/api-error.ts';
import { detailOf, type RequestStory, recordedOf, recordOf } from './request-record.ts';

/** Reads whose answer is no JSON, and has no place for a story. */
const others = /^\/v1\/(events\/stream|health|clusters\/:id\/kubeconfig|connections\/:id\/native.*)$/;

/** Whether a route's answers can tell their own story. */
export function explains(method: string, route: string | undefined): boolean {
  return method === 'GET' && route !== undefined && route.startsWith('/v1/') && !others.test(route);
}

/** `?explain=true` on a read: its story so far is put behind the answer, under `explain`. Such an answer is never kept. */
export function installExplain(server: FastifyInstance, clean: (text: string) => string): void {
  // After it is known who asks, and before the parameters are checked.
  server.addHook('preValidation', (request, _reply, done) => {
    const query = request.query as Record<string, unknown>;
    const asked = query['explain'];
    if (asked === undefined || !explains(request.method, request.routeOptions.url)) return done();
    delete query['explain'];
    if (asked !== 'true' && asked !== 'false') return done(invalidField('explain', 'must be true or false'));
    if (asked === 'false' || !request.story) return done();
    request.story.explain = true;
    delete request.headers['if-none-match']; // no two of them are the same
    done();
  });
  server.addHook('onSend', (request, reply, payload, done) => {
    if (!request.story?.explain || typeof payload !== 'string' || !payload.endsWith('}')) return done();
    reply.removeHeader('etag');
    reply.removeHeader('content-length');
    reply.header('cache-control', 'no-store');
    const story = storySoFar(request, reply.statusCode, clean);
    done(null, `${payload.slice(0, -1)},"explain":${JSON.stringify(story)}}`);
  });

  function storySoFar(request: FastifyRequest, status: number, take: (text: string) => string): RequestStory {
    const story = request.story as NonNullable<FastifyRequest['story']>;
    const record = recordOf(story, recordedOf(request), take, status);
    return { ...record, ...detailOf(story, take), writes: [], events: [], deliveries: [] };
  }
}
