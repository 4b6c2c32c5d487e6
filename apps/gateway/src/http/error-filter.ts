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
  const { id, log, story } = request;
  const answer = tellError(error, { id, log, story, accept: request.headers.accept });
  if (reply.sent || reply.raw.headersSent) {
    reply.raw.destroy(); // too late for an answer: cutting it off is the only way left to say that it is not whole
    return;
  }
  void reply.code(answer.status).headers(answer.headers).send(answer.body);
}

interface Failed extends Pick<FastifyRequest, 'id' | 'story'> {
  readonly log: Pick<FastifyRequest['log'], 'error'>;
  readonly accept: string | undefined;
}

/** The answer to what went wrong, which its story and, where nobody foresaw it, the log hear of too. */
export function tellError(error: unknown, { id, log, story, accept }: Failed): ErrorAnswer {
  const answer = errorAnswer(error, id, accept);
  const facts = { requestId: id, traceId: story?.trace.traceId };
  if (error instanceof DatabaseLost && error.full) log.error(facts, `${error.message}: free some space`);
  if (answer.unforeseen) log.error({ err: error, ...facts }, 'unforeseen failure');
  if (story) story.failure = { code: answer.code, message: answer.message };
  return answer;
}
