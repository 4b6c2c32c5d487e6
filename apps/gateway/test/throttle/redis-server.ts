import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { Redis } from 'ioredis';
import { eventually } from '../e2e/stack.ts';

/** A Redis of the test's own, which it may stop, freeze and lose. */
export interface RedisServer {
  readonly url: string;
  /** Kills it: what it held is gone. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** It takes what it is sent, and answers nothing until it is thawed. */
  freeze(): void;
  thaw(): void;
  /** A bare client, good until the end. */
  client(): Redis;
  /** The end of it, and of its clients. */
  close(): Promise<void>;
}

export async function startRedis(): Promise<RedisServer> {
  const port = await freePort();
  const password = randomBytes(12).toString('hex');
  const url = `redis://:${password}@127.0.0.1:${port}`;
  const clients: Redis[] = [];
  let child: ChildProcess | undefined;
  const server: RedisServer = {
    url,
    client() {
      const client = new Redis(url);
      client.on('error', () => undefined); // it is lost with the server, as is meant
      clients.push(client);
      return client;
    },
    async start() {
      const settings = [
        '--port',
        String(port),
        '--bind',
        '127.0.0.1',
        '--save',
        '',
        '--requirepass',
        password,
      ];
      child = spawn('redis-server', settings, { stdio: 'ignore' });
      await eventually('Redis answers', async () => {
        const probe = connect(port, '127.0.0.1');
        const answers = await Promise.race([
          once(probe, 'connect').then(() => true),
          once(probe, 'close').then(() => false),
        ]).catch(() => false); // refused: not yet
        probe.destroy();
        return answers;
      });
    },
    async kill() {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
    async close() {
      for (const client of clients) client.disconnect();
      await server.kill();
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
  };
  await server.start();
  return server;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}
