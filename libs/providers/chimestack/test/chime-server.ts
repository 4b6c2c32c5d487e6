import { createServer, type IncomingMessage } from 'node:http';

export interface Answer {
  status?: number;
  body: unknown;
}

export interface ChimeServer {
  baseUrl: string;
  /** `METHOD path?query` of everything that came, oldest first */
  asked: string[];
  close(): Promise<void>;
}

/** A ChimeStack of a test's own, for what its contract leaves open: `answer` says what everything but the login gets. */
export async function serveChime(
  answer: (path: string, query: URLSearchParams, token: string, method: string) => Answer,
): Promise<ChimeServer> {
  const asked: string[] = [];
  let logins = 0;
  const respond = (request: IncomingMessage): Answer => {
    const url = new URL(request.url ?? '/', 'http://chime');
    asked.push(`${request.method} ${url.pathname}${url.search}`);
    if (url.pathname !== '/v1/login') {
      const { authorization = '' } = request.headers;
      return answer(url.pathname, url.searchParams, authorization, request.method ?? '');
    }
    logins += 1;
    return { body: { requestId: 'r', error: null, result: { user: { uuid: `token-${logins}` } } } };
  };
  const server = createServer((request, response) => {
    const { status = 200, body } = respond(request);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    baseUrl: `http://127.0.0.1:${port}`,
    asked,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
