import { type ArgumentsHost, Catch, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type ErrorAnswer, errorAnswer } from './error-answers.ts';

/** Everything that goes wrong inside Nest ends here; errors outside of it reach `answerError` through Fastify's own handlers. */
@Catch()
export class ErrorFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    answerError(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }
}

export function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const answer = errorAnswer(error, request.id, request.headers.accept);
  logUnforeseen(error, request, answer);
  if (reply.sent || reply.raw.headersSent) {
    reply.raw.destroy(); // too late for an answer: cutting it off is the only way left to say that it is not whole
    return;
  }
  void reply.code(answer.status).headers(answer.headers).send(answer.body);
}

function logUnforeseen(error: unknown, request: FastifyRequest, answer: ErrorAnswer): void {
  if (answer.unforeseen) request.log.error({ err: error, requestId: request.id }, 'unforeseen failure');
}
