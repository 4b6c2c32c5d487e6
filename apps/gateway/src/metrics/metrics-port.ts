import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface MetricsPortOptions {
  readonly host: string;
  /** 0 takes any free one */
  readonly port: number;
  readonly scrapes: { text(): Promise<string>; readonly contentType: string };
}

/** /metrics without a credential, on a port that is for the operator's own network; there is nothing else on it. */
export class MetricsPort {
  readonly #server: Server;

  constructor(private readonly options: MetricsPortOptions) {
    const { scrapes } = options;
    this.#server = createServer({ requestTimeout: 5000 }, (request, response) => {
      if (request.url?.split('?', 1)[0] !== '/metrics' || request.method !== 'GET') {
        response.writeHead(404).end();
        return;
      }
      scrapes.text().then(
        (text) => response.writeHead(200, { 'content-type': scrapes.contentType }).end(text),
        () => response.writeHead(500).end(), // the scraper shows it as down, which is what it has to
      );
    });
  }

  /** Resolves to the port that it has. */
  async listen(): Promise<number> {
    const { host, port } = this.options;
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
