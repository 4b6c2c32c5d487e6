import type { FastifyReply, FastifyRequest } from 'fastify';
import { errorAnswer } from '../http/error-answers.ts';
import { pageHeaders } from './html.ts';
import { errorPage } from './pages.ts';

/** What goes wrong before the library sees the request, or around it: to programs as RFC 6749 words it, to people as a page. */
export function answerOAuthError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const answer = errorAnswer(error, request.id, undefined);
  if (answer.unforeseen) request.log.error({ err: error, requestId: request.id }, 'unforeseen failure');
  const { error: facts } = JSON.parse(answer.body) as { error: { message: string } };
  const code = codeOf(answer.status);
  void reply.code(answer.status).headers(answer.headers);
  if (isPage(request)) {
    void reply.headers(pageHeaders()).send(errorPage(code, undefined, request.id));
  } else {
    void reply.send(JSON.stringify({ error: code, error_description: facts.message }));
  }
}

/** RFC 6749 has no word for most; temporarily_unavailable is the one that says that it may work later. */
function codeOf(status: number): string {
  if (status === 429 || status === 503) return 'temporarily_unavailable';
  return status >= 500 ? 'server_error' : 'invalid_request';
}

function isPage(request: FastifyRequest): boolean {
  return request.routeOptions.config.page === true;
}
