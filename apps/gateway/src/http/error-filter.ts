import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../answers/api-error.ts';
import type { Audit } from '../audit/audit.ts';
import { DatabaseLost } from '../database/database-lost.ts';
import { type ErrorAnswer, errorAnswer } from './error-answers.ts';
import type { RouteTable } from './route-table.ts';

/** Everything that goes wrong ends here: in a handler, in a hook before it, and where no route is found. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  constructor(
    private readonly routes: RouteTable,
    private readonly audit: Audit,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    void this.audit.recordRefusal(request, error);
    answerError(request.is404 ? this.notRouted(request) : error, request, http.getResponse<FastifyReply>());
  }

  private notRouted(request: FastifyRequest): ApiError {
    const path = request.url.split('?', 1)[0] as string;
    const known = this.routes.methodsOf(path);
    // A folder of files knows the method, but not the file.
    if (known.length === 0 || known.includes(request.method))
      return new ApiError('not_found', `no such path: ${path.slice(0, 200)}`);
    return new ApiError(
      'method_not_allowed',
      `${request.method} is not possible here, only ${known.join(', ')}`,
      {
        headers: { allow: known.join(', ') },
      },
    );
  }
}

export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const answer = errorAnswer(error, request.id, request.headers.accept);
  logUnforeseen(error, request, answer);
  if (request.story) request.story.failure = { code: answer.code, message: answer.message };
  if (reply.sent || reply.raw.headersSent) {
    reply.raw.destroy(); // too late for an answer: cutting it off is the only way left to say that it is not whole
    return;
  }
  void reply.code(answer.status).headers(answer.headers).send(answer.body);
}

function logUnforeseen(error: unknown, request: FastifyRequest, answer: ErrorAnswer): void {
  const traceId = request.story?.trace.traceId;
  if (error instanceof DatabaseLost && error.full)
    request.log.error({ requestId: request.id, traceId }, `${error.message}: free some space`);
  if (!answer.unforeseen) return;
  request.log.error({ err: error, requestId: request.id, traceId }, 'unforeseen failure');
}
