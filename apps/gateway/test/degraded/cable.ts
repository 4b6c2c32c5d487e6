import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import path from 'node:path';
import type { DatabaseTarget } from '../../src/database/database.ts';

/** The way to a database, which a test can cut, or let swallow whatever is sent. */
export class Cable {
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;
  #frozen = false;

  constructor(private readonly from: DatabaseTarget) {}

  /** What leads to the same database over this cable. */
  async lay(): Promise<DatabaseTarget> {
    await this.mend();
    const { from } = this;
    const { poolSize = 6 } = from;
    if ('url' in from) {
      const url = new URL(from.url);
      url.host = `127.0.0.1:${this.#port}`;
      return { url: url.href, poolSize };
    }
    return { ...from, host: '127.0.0.1', port: this.#port };
  }

  /** Every session ends, and no new one can be had. */
  async cut(): Promise<void> {
    const closed = this.#server && once(this.#server, 'close');
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async mend(): Promise<void> {
    this.#server = createServer((near) => this.#join(near)).listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Nothing comes through, and nobody is told. */
  freeze(frozen: boolean): void {
    this.#frozen = frozen;
    for (const socket of this.#sockets) frozen ? socket.pause() : socket.resume();
  }

  #join(near: Socket): void {
    const { from } = this;
    const far =
      'url' in from
        ? connect(Number(new URL(from.url).port || 5432), new URL(from.url).hostname)
        : connect(path.join(from.host, `.s.PGSQL.${from.port}`));
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one);
      one.on('data', (chunk) => other.write(chunk));
      one.on('error', () => other.destroy()); // its other end hears of it by that
      one.on('close', () => {
        this.#sockets.delete(one);
        other.destroy();
      });
      if (this.#frozen) one.pause();
    }
  }
}
