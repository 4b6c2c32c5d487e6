import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook as Verifier } from 'standardwebhooks';

export interface Received {
  readonly id: string;
  readonly type: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly event: { id: string; type: string; sequence: number | null; data: Record<string, { id: string }> };
}

type Behaviour = (received: Received, response: ServerResponse) => void | Promise<void>;
export const accepting: Behaviour = (_, response) => void response.writeHead(204).end();
export const answering =
  (status: number, headers: Record<string, string> = {}, body = ''): Behaviour =>
  (_, response) =>
    void response.writeHead(status, headers).end(body);

/** A real HTTP server that events are sent to. */
export class Endpoint {
  readonly received: Received[] = [];
  behaviour: Behaviour = accepting;
  /** requests under way, now and at most */
  open = 0;
  mostOpen = 0;
  readonly #server = createServer((request, response) => {
    this.open += 1;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    response.on('close', () => {
      this.open -= 1;
    });
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      const event = JSON.parse(body) as Received['event'];
      const { headers, url: path = '' } = request;
      const received = { id: String(headers['webhook-id']), type: event.type, path, headers, body, event };
      this.received.push(received);
      void this.behaviour(received, response);
    });
  });

  static async start(): Promise<Endpoint> {
    const endpoint = new Endpoint();
    await new Promise<void>((resolve) => endpoint.#server.listen(0, '127.0.0.1', resolve));
    return endpoint;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  /** ids in the order in which they came */
  get ids(): string[] {
    return this.received.map(({ id }) => id);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Throws where the library that receivers use would refuse it. */
export function verify({ body, headers }: Received, secret: string): void {
  const verifier = secret.startsWith('whsec_')
    ? new Verifier(secret)
    : new Verifier(secret, { format: 'raw' });
  verifier.verify(body, headers as Record<string, string>);
}
