import type { FastifyRequest } from 'fastify';
import { credentialMissing } from '../access/refusals.ts';
import type { Caller } from '../reading/caller.ts';

/** The caller of a route that asks for credentials. */
export function callerOf(request: FastifyRequest): Caller {
  if (!request.principal) throw credentialMissing();
  return {
    principal: request.principal,
    requestId: request.id,
    deadlineAt: request.deadlineAt,
    signal: () => request.signal,
    ...(request.story ? { traceparent: request.story.traceparent } : {}),
  };
}
