import type { FastifyInstance } from 'fastify';
import { ApiError } from '../answers/api-error.ts';

/** objects and lists within each other; no platform's bodies come near it, and what walks a body may do so by calling itself */
const deepest = 100;

/** Refuses a body that is nested deeper, before anything else looks at it. */
export function boundBodyDepth(server: FastifyInstance): void {
  server.addHook('preValidation', (request, _reply, done) => {
    if (isDeeperThan(deepest, request.body)) {
      done(new ApiError('bad_request', `the body is nested deeper than ${deepest} levels`));
    } else done();
  });
}

/** Of what JSON makes: a body that is passed on as it comes is none of that. */
function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (!Array.isArray(value) && Object.getPrototypeOf(value) !== Object.prototype) return false;
  return levels === 0 || Object.values(value).some((part) => isDeeperThan(levels - 1, part));
}
