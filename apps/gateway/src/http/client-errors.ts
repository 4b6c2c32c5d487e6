import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Logger } from 'pino';
import { ApiError } from '../answers/api-error.ts';
import { errorAnswer } from './error-answers.ts';
import { requestIdFrom } from './request-id.ts';

/** What came in that Node could not take for a request, by its code. */
const reasons: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: 'the request line and headers are larger than 16 KiB',
  ERR_HTTP_REQUEST_TIMEOUT: 'the request did not come in whole within 30 seconds',
};

/** Node keeps the answer under way here; it has no public name for it. */
type HttpSocket = Socket & { _httpMessage?: ServerResponse | null };

/** Answers on the bare socket, since there is no request, and closes it: nobody knows where the next request would begin. */
export function createClientErrors(
  logger: Logger,
  /** what every answer to that address says of its limits: name, value, name, … */
  limitsOf: (address: string | undefined) => readonly string[],
) {
  return (error: Error & { code?: string }, socket: HttpSocket): void => {
    // Behind the first byte of another answer there is no place for this one.
    if (error.code === 'ECONNRESET' || !socket.writable || socket._httpMessage?.headersSent) {
      socket.destroy();
      return;
    }
    const requestId = requestIdFrom(undefined);
    logger.debug({ requestId, code: error.code }, 'not a request');
    const message = reasons[error.code ?? ''] ?? 'this is not a valid HTTP request';
    const { headers, body } = errorAnswer(new ApiError('bad_request', message), requestId, undefined);
    const lines = [
      ...Object.entries({
        ...headers,
        'content-length': Buffer.byteLength(body),
        connection: 'close',
      }).flat(),
      ...limitsOf(socket.remoteAddress),
    ];
    const head = lines.map((text, at) => `${text}${at % 2 === 0 ? ': ' : '\r\n'}`).join('');
    socket.end(`HTTP/1.1 400 Bad Request\r\n${head}\r\n${body}`, () => socket.destroy());
  };
}
