import { connect, createServer, type Socket } from 'node:net';

/** A plain TCP relay before an upstream: it sees what the client does with its sockets, which no upstream tells. */
export interface Relay {
  readonly origin: string;
  /** connections on which the client has asked and waits for an answer */
  waiting(): number;
  /** bytes handed to the client so far */
  delivered(): number;
  close(): Promise<void>;
}

export async function startRelay(upstreamOrigin: string): Promise<Relay> {
  const target = new URL(upstreamOrigin);
  const asking = new Set<Socket>();
  const sockets = new Set<Socket>();
  let delivered = 0;

  const server = createServer((client) => {
    const upstream = connect({ host: target.hostname, port: Number(target.port) });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      // A reset is what some tests are about; 'close' follows and tidies up.
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        asking.delete(client);
      });
    }
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.end()); // what it still said goes out first
    client.on('data', (chunk) => {
      asking.add(client);
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      asking.delete(client);
      delivered += chunk.length;
      if (!client.write(chunk)) upstream.pause();
    });
    client.on('drain', () => upstream.resume());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;

  return {
    origin: `http://127.0.0.1:${port}`,
    waiting: () => asking.size,
    delivered: () => delivered,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
