import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { keepAliveTimeout, linesOf, quickHead } from '../../src/http/quick-head.ts';

const headers = ['etag', 'W/"1"', 'x-request-id', 'request-0001'];
const body = '{"data":[]}';

describe('a quick head', () => {
  let server: Server;

  beforeAll(async () => {
    server = createServer({ keepAliveTimeout }, ({ url }, response) => {
      const [, way, status] = (url as string).split('/');
      const whole = status === '200' ? [...headers, 'content-length', String(body.length)] : headers;
      if (way === 'node') response.writeHead(Number(status), whole);
      else {
        const line = `HTTP/1.1 ${status} ${status === '200' ? 'OK' : 'Not Modified'}\r\n`;
        quickHead(response, Number(status), line + linesOf(whole), Date.now());
      }
      if (status === '200') response.write(body);
      response.end();
    }).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
  });

  afterAll(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });

  /** Everything that comes back for these bytes, without what tells the time; the last request has to end the connection. */
  function answerTo(bytes: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const { port } = server.address() as AddressInfo;
      const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(bytes));
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1');
      });
      socket.on('error', reject);
      socket.on('end', () => {
        socket.end();
        resolve(text.replaceAll(/(?<=Date: )\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/g, 'now'));
      });
    });
  }

  const stays = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
  const ends = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
  const old = (path: string) => `GET ${path} HTTP/1.0\r\nHost: x\r\n\r\n`;
  const oldStays = (path: string) => `GET ${path} HTTP/1.0\r\nHost: x\r\nConnection: keep-alive\r\n\r\n`;

  it.each([
    ['on a connection that stays, and then ends', (path: string) => stays(path) + stays(path) + ends(path)],
    ['to a caller of old', old],
    ['to a caller of old that stays', (path: string) => oldStays(path) + old(path)],
  ])('is, byte for byte, the head that Node makes: %s', async (_, asked) => {
    for (const status of ['200', '304']) {
      const quick = await answerTo(asked(`/quick/${status}`));
      expect(quick).toBe(await answerTo(asked(`/node/${status}`)));
      expect(quick).toContain('x-request-id: request-0001\r\n');
    }
  });
});
