import type { FastifyRequest } from 'fastify';
import { credentialMissing } from '../access/refusals.ts';
import type { Caller } from '../reading/caller.ts';

/** The caller of a route that asks for credentials. */
export function callerOf(request: FastifyRequest): Caller {
  if (!request.principal) throw credentialMissing();
  const { traceparent } = request.headers;
  return {
    principal: request.principal,
    requestId: request.id,
    ...(typeof traceparent === 'string' ? { traceparent } : {}),
  };
}
