import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { ErrorBody } from '@fleetgate/model';
import { eventually, type Stack, startStack } from '../e2e/stack.ts';
import { note, type RawUpstream, startRawUpstream } from './raw-upstream.ts';

const megabyte = 2 ** 20;
let upstream: RawUpstream;
let stack: Stack;
beforeAll(async () => {
  upstream = await startRawUpstream();
  stack = await startStack([
    {
      slug: 'raw',
      upstream: 'fleet-manager',
      settings: {
        baseUrl: `${upstream.url}/api/v2`,
        limits: { concurrency: 3 },
        apiKey: 'key-of-the-connection',
      },
    },
    { slug: 'palette-eu', upstream: 'palette' },
    { slug: 'nowhere', upstream: 'app-platform', settings: { baseUrl: 'http://127.0.0.1:9' } },
  ]);
});
afterEach(() => {
  upstream.seen.length = 0;
  upstream.answer = async (request, response) => {
    await note(upstream, request);
    response.setHeader('content-type', 'text/plain').end('fine');
  };
});
afterAll(async () => {
  await stack?.close();
  await upstream?.close();
});

const base = '/v1/connections/raw/native';
const errorOf = (answer: { body: unknown }) => ErrorBody.parse(answer.body).error;
const valuesOf = (headers: readonly string[], name: string) =>
  headers.flatMap((one, at) => (at % 2 === 0 && one.toLowerCase() === name ? [headers[at + 1]] : []));

/** Sends those bytes as they are, and gives everything that comes back until the connection ends. */
async function raw(text: string): Promise<string> {
  const socket = connect(stack.port, '127.0.0.1');
  socket.setEncoding('latin1').write(text.replaceAll('\n', '\r\n').replaceAll('KEY', stack.rootKey));
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  return answer;
}

/** A call whose body and answer the test handles itself. */
function open(method: string, path: string, headers: Record<string, string> = {}) {
  return httpRequest({
    port: stack.port,
    host: '127.0.0.1',
    method,
    path: base + path,
    headers: { authorization: `Bearer ${stack.rootKey}`, ...headers },
  });
}

describe('a call goes through as it is', () => {
  it.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])(
    '%s, with path, query and body',
    async (method) => {
      const body = method === 'GET' || method === 'OPTIONS' ? '' : 'not { json \u00e4';
      const answer = await stack.ask(`${base}/a%20b/c;d?q=%2F&q=2`, {
        method,
        headers: {
          'content-type': 'application/json',
          'x-custom': 'kept',
          'idempotency-key': 'for-the-upstream',
        },
        ...(body === '' ? {} : { body }),
      });
      expect([answer.status, answer.text]).toEqual([200, 'fine']);
      const [seen] = upstream.seen;
      expect(seen).toMatchObject({
        method,
        url: '/api/v2/a%20b/c;d?q=%2F&q=2',
        body: Buffer.from(body).toString('latin1'),
      });
      expect(valuesOf(seen?.headers ?? [], 'x-custom')).toEqual(['kept']);
      expect(valuesOf(seen?.headers ?? [], 'idempotency-key')).toEqual(['for-the-upstream']);
    },
  );

  it('and so does the answer: status, body and headers, whatever they are', async () => {
    for (const [status, body] of [
      [201, '{"made":true}'],
      [302, ''],
      [404, '<h1>no</h1>'],
      [418, 'teapot'],
      [500, '{"error":"theirs"}'],
    ] as const) {
      upstream.answer = (_request, response) => {
        response.writeHead(status, {
          'content-type': 'text/html',
          etag: '"1"',
          'x-theirs': 'kept',
          location: '/x',
        });
        response.end(body);
      };
      const answer = await stack.ask(`${base}/x`);
      expect([answer.status, answer.text]).toEqual([status, body]);
      expect(answer.headers).toMatchObject({
        'content-type': 'text/html',
        etag: '"1"',
        'x-theirs': 'kept',
        location: '/x',
        'x-fleetgate-upstream': 'raw',
      });
    }
  });

  it('HEAD and answers without a body end', async () => {
    const head = await stack.ask(`${base}/x`, { method: 'HEAD' });
    expect([head.status, head.text]).toEqual([200, '']);
    for (const status of [204, 304]) {
      upstream.answer = (_request, response) => void response.writeHead(status).end();
      expect((await stack.ask(`${base}/x`)).status).toBe(status);
    }
  });

  it('with one request id from end to end, and in the log without its query', async () => {
    const answer = await stack.ask(`${base}/traced?token=in-the-query`, {
      headers: { 'x-request-id': 'native-trace-1' },
    });
    expect(answer.headers['x-request-id']).toBe('native-trace-1');
    const { headers = [] } = upstream.seen[0] ?? {};
    expect(valuesOf(headers, 'x-request-id')).toEqual(['native-trace-1']);
    expect(valuesOf(headers, 'traceparent')).toHaveLength(1);
    await eventually('it is logged', () => stack.log.some((line) => line.includes('native-trace-1')));
    expect(stack.log.join('')).not.toContain('in-the-query');
  });
});

describe('credentials', () => {
  it("are the connection's, and nothing of the caller's goes on", async () => {
    await stack.ask(`${base}/x`, {
      headers: {
        cookie: 'session=ours',
        'api-key': 'of-the-caller',
        'x-api-key': 'of-the-caller',
        'x-forwarded-for': '10.1.2.3',
        forwarded: 'for=10.1.2.3',
        origin: 'https://console.example',
      },
    });
    const { headers = [] } = upstream.seen[0] ?? {};
    expect(valuesOf(headers, 'api-key')).toEqual(['key-of-the-connection']);
    expect(valuesOf(headers, 'host')).toEqual([new URL(upstream.url).host]);
    expect(headers.join('\n')).not.toMatch(/session=|of-the-caller|10\.1\.2\.3|console\.example|fg_root/);
  });

  it('cannot be taken off, nor anything added, by way of Connection', async () => {
    await raw(
      `GET ${base}/x HTTP/1.1\nHost: x\nAuthorization: Bearer KEY\nConnection: close, api-key, x-request-id, x-mine\nX-Mine: 1\nTE: trailers\nKeep-Alive: 5\nProxy-Authorization: Basic eA==\n\n`,
    );
    const { headers = [] } = upstream.seen[0] ?? {};
    expect(valuesOf(headers, 'api-key')).toEqual(['key-of-the-connection']);
    expect(valuesOf(headers, 'x-request-id')).toHaveLength(1);
    for (const name of ['x-mine', 'te', 'keep-alive', 'proxy-authorization']) {
      expect(valuesOf(headers, name)).toEqual([]);
    }
  });

  it('of a session that ended are renewed, and what was sent is sent again', async () => {
    const path = '/v1/connections/palette-eu/native/v1/dashboard/projects?limit=1';
    const ask = () =>
      stack.ask(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' });
    expect((await ask()).status).toBe(200);
    stack.upstream('palette-eu').control.expireSessions();
    const answer = await ask();
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({ items: [expect.anything()] });
  });

  it('that are refused for good are told in the words of the upstream', async () => {
    upstream.answer = (_request, response) =>
      void response.writeHead(401, { 'x-theirs': '1' }).end('{"who":"are you"}');
    const answer = await stack.ask(`${base}/x`);
    expect([answer.status, answer.text, answer.headers['x-theirs']]).toEqual([401, '{"who":"are you"}', '1']);
    upstream.answer = (_request, response) => void response.writeHead(401).end('x'.repeat(megabyte));
    expect((await stack.ask(`${base}/x`)).text).toHaveLength(megabyte);
  });

  it('of the upstream are not handed out as cookies, and its pages have no rights here', async () => {
    upstream.answer = (_request, response) => {
      response.writeHead(200, {
        'set-cookie': 'Authorization=secret',
        'access-control-allow-origin': '*',
        'content-type': 'text/html',
        connection: 'x-hop',
        'x-hop': '1',
      });
      response.end('<script></script>');
    };
    const { headers } = await stack.ask(`${base}/x`);
    for (const name of ['set-cookie', 'access-control-allow-origin', 'x-hop'])
      expect(headers[name]).toBeUndefined();
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining('sandbox'),
      'cache-control': 'no-store',
    });
  });
});

describe('what must not go through', () => {
  it.each(['/..', '/%2e%2e/x', '/a%2fb', '/a%5cb', '//evil.example/', '/..;/x', '/http://evil.example/x'])(
    'a path %s is a 400, and nothing is sent',
    async (path) => {
      const answer = await raw(
        `GET ${base}${path} HTTP/1.1\nHost: x\nAuthorization: Bearer KEY\nConnection: close\n\n`,
      );
      expect(answer).toMatch(/^HTTP\/1\.1 400 /);
      expect(answer).toContain('"code":"bad_request"');
      expect(upstream.seen).toEqual([]);
    },
  );

  it.each([
    [
      'an address as a whole',
      'GET http://evil.example/v1/connections/raw/native/x HTTP/1.1\nHost: evil.example\n',
    ],
    ['a backslash', `GET ${base}\\..\\x HTTP/1.1\nHost: x\n`],
    ['a method of its own', `TRACE ${base}/x HTTP/1.1\nHost: x\n`],
    ['two lengths', `POST ${base}/x HTTP/1.1\nHost: x\nContent-Length: 1\nContent-Length: 2\n`],
    [
      'a length and chunks',
      `POST ${base}/x HTTP/1.1\nHost: x\nContent-Length: 4\nTransfer-Encoding: chunked\n`,
    ],
    ['a folded header', `GET ${base}/x HTTP/1.1\nHost: x\nX-A: 1\n Api-Key: 2\n`],
    ['a space before the colon', `POST ${base}/x HTTP/1.1\nHost: x\nTransfer-Encoding : chunked\n`],
  ])('%s is refused, and nothing is sent', async (_name, head) => {
    const answer = await raw(`${head}Authorization: Bearer KEY\nConnection: close\n\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 40[045] /);
    expect(upstream.seen).toEqual([]);
  });

  it('a request within a body stays a body', async () => {
    const hidden = 'GET /api/v2/smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
    const answer = await raw(
      `POST ${base}/x HTTP/1.1\nHost: x\nAuthorization: Bearer KEY\nConnection: close\nTransfer-Encoding: chunked\n\n${hidden.length.toString(16)}\n${hidden.replaceAll('\r\n', '\n')}\n0\n\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(upstream.seen).toMatchObject([{ url: '/api/v2/x', body: hidden }]);
  });

  it('a call without credentials, or to a connection that is not there', async () => {
    const nobody = await stack.ask(`${base}/x`, { key: null });
    expect([nobody.status, errorOf(nobody).code]).toEqual([401, 'unauthorized']);
    const nothing = await stack.ask('/v1/connections/none/native/x');
    expect([nothing.status, errorOf(nothing).code]).toEqual([404, 'not_found']);
    expect(upstream.seen).toEqual([]);
  });

  it('a body that says it is larger than is passed on', async () => {
    const answer = await raw(
      `POST ${base}/x HTTP/1.1\nHost: x\nAuthorization: Bearer KEY\nConnection: close\nContent-Length: ${2 ** 31}\n\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(answer).toContain('"code":"payload_too_large"');
  });
});

describe('failures that are ours to tell', () => {
  it('have our envelope', async () => {
    const down = await stack.ask('/v1/connections/nowhere/native/x');
    expect([down.status, errorOf(down)]).toMatchObject([
      503,
      { code: 'upstream_unavailable', source: { connection: 'nowhere', upstream_status: null } },
    ]);
    upstream.answer = (request) => void request.socket.destroy();
    const cut = await stack.ask(`${base}/x`);
    expect([cut.status, errorOf(cut).code]).toEqual([503, 'upstream_unavailable']);
  });

  it('once the answer has begun cut it off', async () => {
    upstream.answer = (_request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.destroy());
    };
    await expect(stack.ask(`${base}/x`)).rejects.toThrow();
  });
});

it("keeps to the connection's limits", async () => {
  const waiting: (() => void)[] = [];
  upstream.answer = (_request, response) => void waiting.push(() => response.end('late'));
  upstream.open.most = 0;
  const answers = Promise.all(Array.from({ length: 9 }, () => stack.ask(`${base}/slow`)));
  for (let answered = 0; answered < 9; ) {
    await eventually('somebody waits', () => waiting.length > 0);
    answered += waiting.length;
    for (const answer of waiting.splice(0)) answer();
  }
  expect((await answers).map(({ text }) => text)).toEqual(Array(9).fill('late'));
  expect(upstream.open.most).toBe(3);
});

describe('a caller who leaves', () => {
  it.each(['before the answer begins', 'within the answer'])('%s ends the call upstream', async (when) => {
    let closed = false;
    let arrived = false;
    upstream.answer = (request, response) => {
      arrived = true;
      request.socket.once('close', () => {
        closed = true;
      });
      if (when === 'within the answer') response.write('begun');
    };
    const call = open('GET', '/x');
    call.once('error', () => undefined); // that is what leaving is
    call.end();
    if (when === 'within the answer') {
      const [answer] = (await once(call, 'response')) as [IncomingMessage];
      await once(answer, 'data');
    }
    await eventually('the upstream has the call', () => arrived);
    call.destroy();
    await eventually('the call upstream is over', () => closed);
  });
});

describe('a hundred megabytes', () => {
  const piece = Buffer.alloc(64 * 1024, 'x');
  const pieces = (100 * megabyte) / piece.length;
  /** what may be on its way: sockets and streams hold some of it, on five hops */
  const most = 24 * megabyte;

  it('come down at the pace of who takes them', async () => {
    let written = 0;
    upstream.answer = async (_request, response) => {
      response.writeHead(200, { 'content-length': String(pieces * piece.length) });
      for (let at = 0; at < pieces; at += 1) {
        if (!response.write(piece)) await once(response, 'drain');
        written += piece.length;
      }
      response.end();
    };
    const call = open('GET', '/down').end();
    const [answer] = (await once(call, 'response')) as [IncomingMessage];
    let before = -1;
    await eventually('the upstream waits', () => {
      const stands = written === before;
      before = written;
      return stands && written > 0;
    });
    expect(written).toBeLessThan(most);
    let read = 0;
    for await (const chunk of answer) read += (chunk as Buffer).length;
    expect(read).toBe(100 * megabyte);
  });

  it('go up at the pace of who takes them', async () => {
    let taken = 0;
    const { promise: go, resolve: start } = Promise.withResolvers<void>();
    upstream.answer = async (request, response) => {
      await go;
      for await (const chunk of request) taken += (chunk as Buffer).length;
      response.end(String(taken));
    };
    const call = open('PUT', '/up', { 'content-length': String(pieces * piece.length) });
    let written = 0;
    const writing = (async () => {
      for (let at = 0; at < pieces; at += 1) {
        if (!call.write(piece)) await once(call, 'drain');
        written += piece.length;
      }
      call.end();
    })();
    let before = -1;
    await eventually('the caller waits', () => {
      const stands = written === before;
      before = written;
      return stands && written > 0;
    });
    expect(written).toBeLessThan(most);
    start();
    await writing;
    const [answer] = (await once(call, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of answer) text += String(chunk);
    expect(text).toBe(String(100 * megabyte));
  });
});
