import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Seen {
  method: string;
  url: string;
  /** name, value, name, value, … */
  headers: string[];
  body: string;
}

/** An upstream of a test's own: it writes down what comes whole, and answers as it is told. */
export interface RawUpstream {
  readonly url: string;
  readonly seen: Seen[];
  /** how many requests are here at once, and the most that ever were */
  readonly open: { now: number; most: number };
  answer: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;
  close(): Promise<void>;
}

export async function startRawUpstream(): Promise<RawUpstream> {
  const seen: Seen[] = [];
  const open = { now: 0, most: 0 };
  const server = createServer((request, response) => {
    // The gateway's own walks find nothing here.
    if (request.url?.includes('offset=')) return void response.writeHead(404).end();
    open.now += 1;
    open.most = Math.max(open.most, open.now);
    response.once('close', () => {
      open.now -= 1;
    });
    void upstream.answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const upstream: RawUpstream = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    open,
    answer: ok,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };

  async function ok(request: IncomingMessage, response: ServerResponse): Promise<void> {
    await note(upstream, request);
    response.setHeader('content-type', 'text/plain').end('fine');
  }
  return upstream;
}

/** Reads a request to its end and writes it down. */
export async function note({ seen }: RawUpstream, request: IncomingMessage): Promise<Seen> {
  let body = '';
  for await (const chunk of request.setEncoding('latin1')) body += chunk;
  const one = { method: request.method ?? '', url: request.url ?? '', headers: request.rawHeaders, body };
  seen.push(one);
  return one;
}
