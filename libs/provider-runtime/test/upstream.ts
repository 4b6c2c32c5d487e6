import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { OutgoingRequest } from '@fleetgate/provider-spec';

export interface Upstream {
  url: string;
  host: string;
  /** what it was asked, in order */
  asked: { method: string; url: string; headers: IncomingMessage['headers'] }[];
  /** open now */
  sockets: Set<Socket>;
  /** opened ever */
  opened: number;
  answer: RequestListener;
  stop(): Promise<void>;
}

/** A real HTTP server on a free port that answers as the test says. */
export async function startUpstream(answer: RequestListener): Promise<Upstream> {
  const server = createServer((request, response) => {
    upstream.asked.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers });
    upstream.answer(request, response);
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    upstream.opened += 1;
    sockets.add(socket);
    socket.on('error', () => undefined); // the tests break connections on purpose
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const upstream: Upstream = {
    url: `http://${host}`,
    host,
    asked: [],
    sockets,
    opened: 0,
    answer,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return upstream;
}

export function json(response: ServerResponse, body: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

export function get(url: string, more: Partial<OutgoingRequest> = {}): OutgoingRequest {
  return { method: 'GET', url, headers: {}, repeatable: true, timeoutMs: 5_000, ...more };
}

/** The fault that `work` must end with. */
export async function faultOf(work: Promise<unknown>): Promise<Record<string, unknown>> {
  try {
    await work;
  } catch (error) {
    const { name, code, message, retryAfterMs } = error as Record<string, unknown>;
    return { name, code, message, ...(retryAfterMs !== undefined && { retryAfterMs }) };
  }
  throw new Error('no fault');
}
