import type { FastifyRequest } from 'fastify';
import { ApiError } from '../answers/api-error.ts';
import type { Caller } from '../reading/ones.ts';

/** The caller of a route that asks for credentials. */
export function callerOf(request: FastifyRequest): Caller {
  if (!request.principal) throw new ApiError('unauthorized', 'send an API key: Authorization: Bearer <key>');
  const { traceparent } = request.headers;
  return {
    principal: request.principal,
    requestId: request.id,
    ...(typeof traceparent === 'string' ? { traceparent } : {}),
  };
}
