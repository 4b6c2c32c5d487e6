import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { Fault } from '@fleetgate/model';
import type { Call } from '@fleetgate/provider-spec';
import { newCall } from '../src/call.ts';
import { createTransport, type Transport } from '../src/transport.ts';
import { faultOf, get, json, startUpstream, type Upstream } from './upstream.ts';
import { until } from './virtual-clock.ts';

let upstream: Upstream;
let transport: Transport;
const extra: (() => Promise<void>)[] = [];

const call = (signal: AbortSignal = new AbortController().signal): Call =>
  newCall({ requestId: 'req-12345678', signal, random: Math.random });

beforeEach(async () => {
  upstream = await startUpstream((_, response) => json(response, { ok: true }));
  transport = createTransport();
});
afterEach(async () => {
  await transport.close();
  await Promise.all(extra.splice(0).map((stop) => stop()));
  await upstream.stop();
});

/** A server below HTTP, for answers that no HTTP server would give. */
async function rawServer(bytes: string | undefined, end: 'end' | 'keep'): Promise<string> {
  const server: Server = createServer((socket) => {
    socket.on('error', () => undefined); // the tests break connections on purpose
    socket.once('data', () => {
      if (bytes !== undefined) socket.write(bytes);
      if (end === 'end') socket.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  extra.push(() => new Promise((resolve) => void server.close(() => resolve())));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('an answer', () => {
  it('is given whole, whatever its status', async () => {
    upstream.answer = (_, response) => json(response, { error: 'no such thing' }, 404);
    const response = await transport.send(get(`${upstream.url}/x?a=1`), call());
    expect(response).toMatchObject({ status: 404, text: '{"error":"no such thing"}' });
    expect(upstream.asked[0]?.url).toBe('/x?a=1');
  });

  it('that redirects is not followed', async () => {
    upstream.answer = (_, response) => {
      response.writeHead(302, { location: `${upstream.url}/elsewhere` }).end();
    };
    const response = await transport.send(get(upstream.url), call());
    expect(response).toMatchObject({ status: 302, headers: { location: `${upstream.url}/elsewhere` } });
    expect(upstream.asked).toHaveLength(1);
  });

  it('with bytes that are not UTF-8 has replacement characters there, and no byte order mark', async () => {
    upstream.answer = (_, response) => void response.end(Buffer.from([0xef, 0xbb, 0xbf, 0x61, 0xff, 0x62]));
    expect((await transport.send(get(upstream.url), call())).text).toBe('a\ufffdb');
  });

  it('without a body is empty', async () => {
    upstream.answer = (_, response) => void response.writeHead(204).end();
    expect(await transport.send(get(upstream.url), call())).toMatchObject({ status: 204, text: '' });
  });

  it('after an early hint is the one that counts', async () => {
    upstream.answer = (_, response) => {
      response.writeEarlyHints({ link: '</style.css>; rel=preload' });
      json(response, { late: true });
    };
    expect(await transport.send(get(upstream.url), call())).toMatchObject({
      status: 200,
      text: '{"late":true}',
    });
  });

  it('carries only the headers that a provider has a use for', async () => {
    upstream.answer = (_, response) => {
      response.writeHead(200, {
        'Content-Type': 'application/json',
        'Retry-After': '3',
        ETag: '"1"',
        AuditUid: 'a-1',
        'X-Request-Id': 'their-own',
        'X-RateLimit-Remaining': '4',
        'RateLimit-Policy': '"hour";q=9',
        'Set-Cookie': ['session=secret', 'b=c'],
        'X-Powered-By': 'something',
      });
      response.end('{}');
    };
    const { headers } = await transport.send(get(upstream.url), call());
    expect(headers).toEqual({
      'content-type': 'application/json',
      date: expect.any(String),
      'retry-after': '3',
      etag: '"1"',
      audituid: 'a-1',
      'x-request-id': 'their-own',
      'x-ratelimit-remaining': '4',
      'ratelimit-policy': '"hour";q=9',
    });
  });
});

describe('a request', () => {
  it('carries exactly the headers it was given, and what HTTP itself needs', async () => {
    const request = get(upstream.url, {
      method: 'POST',
      headers: { authorization: 'Bearer t', 'content-type': 'application/json' },
      body: '{"a":"ü"}',
    });
    await transport.send(request, call());
    expect(upstream.asked[0]?.headers).toEqual({
      authorization: 'Bearer t',
      'content-type': 'application/json',
      'content-length': '10',
      connection: 'keep-alive',
      host: upstream.host,
    });
  });

  it.each([
    [
      'a header that would begin another',
      get('http://127.0.0.1:1/', { headers: { 'api-key': 'k\r\nx: y' } }),
    ],
    ['another protocol', get('ftp://127.0.0.1/secret-path')],
    ['no address', get('clusters?token=secret')],
  ])('with %s is refused as invalid and never sent', async (_, request) => {
    const fault = await faultOf(transport.send(request, call()));
    expect(fault).toMatchObject({ name: 'Fault', code: 'invalid' });
    expect(fault['message']).not.toMatch(/secret|k\r/);
  });

  it('that is answered leaves no timer behind', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    for (let index = 0; index < 20; index += 1) {
      await transport.send(get(upstream.url, { timeoutMs: 60_000 }), call());
    }
    expect(timers()).toBeLessThan(before + 10);
  });

  it('after request uses one socket', async () => {
    for (let index = 0; index < 20; index += 1) await transport.send(get(upstream.url), call());
    expect(upstream.asked).toHaveLength(20);
    expect(upstream.opened).toBe(1);
  });
});

describe('no whole answer', () => {
  it('a refused connection is unavailable, and names host and reason only', async () => {
    await upstream.stop();
    const work = transport.send(get(`${upstream.url}/v1/things?api_key=secret`), call());
    expect(await faultOf(work)).toEqual({
      name: 'Fault',
      code: 'unavailable',
      message: `${upstream.host} refused the connection`,
    });
  });

  it('a name without an address is unavailable', async () => {
    const fault = await faultOf(transport.send(get('http://nowhere.invalid/x?key=secret'), call()));
    expect(fault).toMatchObject({ code: 'unavailable' });
    expect(fault['message']).toMatch(/^nowhere\.invalid is a name /);
  });

  it('a reset is unavailable', async () => {
    upstream.answer = (request) => void request.socket.resetAndDestroy();
    const fault = await faultOf(transport.send(get(upstream.url), call()));
    expect(fault).toMatchObject({ code: 'unavailable' });
    expect(fault['message']).toContain(upstream.host);
  });

  it.each([
    ['announced by its length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"half":'],
    [
      'announced by its length on a last connection',
      'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 100\r\n\r\n{"half":',
    ],
    ['sent in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{"half":\r\n'],
    [
      'sent in chunks on a last connection',
      'HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{"half":\r\n',
    ],
    ['that stops within its headers', 'HTTP/1.1 200 OK\r\nContent-'],
  ])('half a body, %s, is unavailable', async (_, bytes) => {
    const host = await rawServer(bytes, 'end');
    expect(await faultOf(transport.send(get(`http://${host}/`), call()))).toEqual({
      name: 'Fault',
      code: 'unavailable',
      message: `${host} closed the connection before its answer was whole`,
    });
  });

  it('something that is not HTTP is unexpected, and its bytes are in no message and no cause', async () => {
    const host = await rawServer('SSH-2.0-password=secret\r\n', 'keep');
    const error = await transport.send(get(`http://${host}/`), call()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'unexpected',
      message: `${host} answered something that is not HTTP`,
    });
    expect(error).not.toHaveProperty('cause');
  });

  it('an answer in an encoding that was not asked for is unexpected', async () => {
    upstream.answer = (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end('x');
    expect(await faultOf(transport.send(get(upstream.url), call()))).toMatchObject({ code: 'unexpected' });
  });

  it.each([['hangs before its headers'], ['hangs in its body'], ['drips']])(
    'an upstream that %s ends in a timeout, and its socket is gone',
    async (how) => {
      upstream.answer = (request, response) => {
        if (how === 'hangs before its headers') return;
        response.writeHead(200).write('{');
        if (how !== 'drips') return;
        const drip = setInterval(() => response.write(' '), 5);
        request.socket.on('close', () => clearInterval(drip));
      };
      expect(await faultOf(transport.send(get(upstream.url, { timeoutMs: 80 }), call()))).toEqual({
        name: 'Fault',
        code: 'timeout',
        message: `${upstream.host} did not answer within 80 ms`,
      });
      await until(() => upstream.sockets.size === 0);
    },
  );
});

describe('a host that takes the connection and then says nothing at all, not even TLS', () => {
  it('does not outlast the bound on the attempt', async () => {
    const host = await rawServer(undefined, 'keep');
    expect(await faultOf(transport.send(get(`https://${host}/`, { timeoutMs: 80 }), call()))).toMatchObject({
      code: 'timeout',
      message: `${host} did not answer within 80 ms`,
    });
  });

  it('does not outlast its caller', async () => {
    const host = await rawServer(undefined, 'keep');
    const caller = new AbortController();
    const work = faultOf(transport.send(get(`https://${host}/`), call(caller.signal)));
    caller.abort(new Fault('timeout', 'the deadline of the call'));
    expect(await work).toMatchObject({ message: 'the deadline of the call' });
  });

  it('is a timeout when the bound on connecting is the shorter', async () => {
    await transport.close();
    transport = createTransport({ connectTimeoutMs: 50 });
    const host = await rawServer(undefined, 'keep');
    expect(await faultOf(transport.send(get(`https://${host}/`), call()))).toMatchObject({
      code: 'timeout',
      message: `${host} did not take the connection in time`,
    });
  });
});

describe('a body over the bound', () => {
  const answerOver = '16 MiB';
  const chunk = Buffer.alloc(2 ** 20, 'x');

  it('is refused at its announced length, before it is read', async () => {
    upstream.answer = (_, response) => {
      response.writeHead(200, { 'content-length': String(17 * 2 ** 20) }).write('x');
    };
    const fault = await faultOf(transport.send(get(upstream.url), call()));
    expect(fault).toMatchObject({
      code: 'unexpected',
      message: `${upstream.host} gave an answer larger than ${answerOver}`,
    });
    await until(() => upstream.sockets.size === 0);
  });

  it('is cut off while it is read when its length was not announced', async () => {
    let written = 0;
    upstream.answer = (_, response) => {
      const more = () => {
        while (!response.destroyed && written < 500) {
          written += 1;
          if (!response.write(chunk)) {
            response.once('drain', more);
            return;
          }
        }
      };
      more();
    };
    expect(await faultOf(transport.send(get(upstream.url), call()))).toMatchObject({ code: 'unexpected' });
    await until(() => upstream.sockets.size === 0);
    expect(written).toBeLessThan(100);
  });

  it('begins one byte above it', async () => {
    await transport.close();
    transport = createTransport({ maxBytes: 10 });
    let body = '0123456789';
    upstream.answer = (_, response) => void response.end(body);
    expect(await transport.send(get(upstream.url), call())).toMatchObject({ text: body });
    body += '.';
    expect(await faultOf(transport.send(get(upstream.url), call()))).toMatchObject({ code: 'unexpected' });
  });
});

describe('a caller who goes', () => {
  it.each([
    [
      'with a fault, gets that fault',
      new Fault('timeout', 'the deadline of the call'),
      'timeout',
      'the deadline of the call',
    ],
    [
      'for a timer of the platform, gets a timeout',
      new DOMException('late', 'TimeoutError'),
      'timeout',
      'the call ran out of time',
    ],
    ['for any other reason, gets unavailable', undefined, 'unavailable', 'the caller gave up'],
  ])('%s', async (_, reason, code, message) => {
    upstream.answer = () => undefined;
    const caller = new AbortController();
    const work = faultOf(transport.send(get(upstream.url), call(caller.signal)));
    await until(() => upstream.asked.length === 1);
    caller.abort(reason);
    expect(await work).toEqual({ name: 'Fault', code, message });
    await until(() => upstream.sockets.size === 0);
  });

  it('before the start sends nothing', async () => {
    const signal = AbortSignal.abort(new Fault('unavailable', 'gone'));
    expect(await faultOf(transport.send(get(upstream.url), call(signal)))).toMatchObject({ message: 'gone' });
    expect(upstream.asked).toHaveLength(0);
  });

  it('while the connection is being made is not sent once that stands', async () => {
    const caller = new AbortController();
    const work = faultOf(transport.send(get(`${upstream.url}/given-up`), call(caller.signal)));
    caller.abort();
    expect(await work).toMatchObject({ code: 'unavailable' });
    await transport.send(get(`${upstream.url}/wanted`), call());
    await until(() => upstream.asked.length > 0);
    expect(upstream.asked.map(({ url }) => url)).toEqual(['/wanted']);
  });

  it('tells for certain what was not sent, and of nothing else', async () => {
    upstream.answer = () => undefined;
    const post = (url: string) => get(url, { method: 'POST', body: '{}', repeatable: false });
    const leaving = new AbortController();
    const begun = transport.send(post(upstream.url), call(leaving.signal));
    const waiting = expect(begun).rejects.toMatchObject({ code: 'unavailable', sent: true });
    await until(() => upstream.asked.length === 1);
    leaving.abort();
    await waiting;
    const slow = get(upstream.url, { method: 'POST', timeoutMs: 100 });
    await expect(transport.send(slow, call())).rejects.toMatchObject({ code: 'timeout', sent: true });
    const { url } = upstream;
    await expect(transport.send(post(url), call(AbortSignal.abort()))).rejects.toMatchObject({ sent: false });
    await expect(transport.send(post('ftp://nowhere'), call())).rejects.toMatchObject({ sent: false });
    const early = new AbortController();
    const other = await startUpstream(() => undefined);
    const work = expect(transport.send(post(other.url), call(early.signal))).rejects.toMatchObject({
      code: 'unavailable',
      sent: false,
    });
    early.abort(); // its connection does not stand yet
    await work;
    await other.stop();
    await expect(transport.send(post(other.url), call())).rejects.toMatchObject({
      code: 'unavailable',
      sent: false,
    });
    await transport.close();
    await expect(transport.send(post(url), call())).rejects.toMatchObject({ sent: false });
  });

  it('a hundred times leaves no socket behind, and the pool as good as new', async () => {
    upstream.answer = () => undefined;
    const callers = Array.from({ length: 100 }, () => new AbortController());
    const work = callers.map((caller) => faultOf(transport.send(get(upstream.url), call(caller.signal))));
    await until(() => upstream.asked.length === 100);
    expect(upstream.sockets.size).toBe(100);
    for (const caller of callers) caller.abort();
    expect(new Set((await Promise.all(work)).map((fault) => fault['code']))).toEqual(
      new Set(['unavailable']),
    );
    await until(() => upstream.sockets.size === 0);
    upstream.answer = (_, response) => json(response, { ok: true });
    const answers = Array.from({ length: 20 }, () => transport.send(get(upstream.url), call()));
    expect((await Promise.all(answers)).every(({ status }) => status === 200)).toBe(true);
  });
});

describe('a lookup', () => {
  const asked: string[] = [];
  const portOf = ({ url }: Upstream) => new URL(url).port;
  async function lookingUp(answer: (host: string) => Error | string): Promise<void> {
    await transport.close();
    asked.length = 0;
    transport = createTransport({
      lookup: (host, options, callback) => {
        asked.push(host);
        const found = answer(host);
        if (found instanceof Error) callback(found, []);
        else if (options.all) callback(null, [{ address: found, family: 4 }]);
        else callback(null, found, 4);
      },
    });
  }

  it('says where a name leads, once for each socket', async () => {
    await lookingUp(() => '127.0.0.1');
    for (let i = 0; i < 3; i++) await transport.send(get(`http://fm.example:${portOf(upstream)}`), call());
    expect(asked).toEqual(['fm.example']);
    expect(upstream.asked[0]?.headers.host).toBe(`fm.example:${portOf(upstream)}`);
  });

  it.each(['127.0.0.1', '0x7f.1', '2130706433'])(
    'is asked about the address %s as well, and its fault is the answer',
    async (host) => {
      await lookingUp((asked) => new Fault('unavailable', `not ${asked}`));
      const refused = faultOf(transport.send(get(`http://${host}:${portOf(upstream)}/`), call()));
      expect(await refused).toMatchObject({ code: 'unavailable', message: 'not 127.0.0.1' });
      expect(asked).toEqual(['127.0.0.1']);
      expect(upstream.sockets.size).toBe(0);
    },
  );

  it('lets an address through that it does not refuse, also one of IPv6', async () => {
    await lookingUp((host) => host);
    expect(await transport.send(get(upstream.url), call())).toMatchObject({ status: 200 });
    await faultOf(transport.send(get('http://[::1]:1/'), call()));
    expect(asked).toEqual(['127.0.0.1', '::1']);
  });

  it('that fails otherwise is told like any name without an address', async () => {
    await lookingUp(() => Object.assign(new Error('no'), { code: 'ENOTFOUND' }));
    expect(await faultOf(transport.send(get('http://gone.example/'), call()))).toMatchObject({
      code: 'unavailable',
      message: 'gone.example is a name without an address',
    });
  });
});

describe('the pools', () => {
  it('are bounded: the origin unused for longest loses its sockets, and can be used again', async () => {
    await transport.close();
    transport = createTransport({ maxOrigins: 2 });
    const others = [
      await startUpstream((_, response) => json(response, 1)),
      await startUpstream((_, response) => json(response, 2)),
    ];
    extra.push(...others.map((other) => () => other.stop()));
    const [first, second] = others.map((other) => get(other.url));
    for (const request of [first, get(upstream.url), first, second]) {
      if (request) await transport.send(request, call());
    }
    await until(() => upstream.sockets.size === 0);
    expect(others.map((other) => other.sockets.size)).toEqual([1, 1]);
    expect(await transport.send(get(upstream.url), call())).toMatchObject({ status: 200 });
  });

  it('that give way finish what is under way', async () => {
    await transport.close();
    transport = createTransport({ maxOrigins: 1 });
    const other = await startUpstream((_, response) => json(response, 1));
    extra.push(() => other.stop());
    let finish = () => {};
    upstream.answer = (_, response) => {
      finish = () => json(response, { late: true });
    };
    const slow = transport.send(get(upstream.url), call());
    await until(() => upstream.asked.length === 1);
    await transport.send(get(other.url), call());
    finish();
    expect(await slow).toMatchObject({ text: '{"late":true}' });
    await until(() => upstream.sockets.size === 0);
  });

  it('end with everything that is under way when they are closed, and take nothing more', async () => {
    upstream.answer = () => undefined;
    const work = faultOf(transport.send(get(upstream.url), call()));
    await until(() => upstream.asked.length === 1);
    await transport.close();
    expect(await work).toMatchObject({ code: 'unavailable', message: 'the gateway is shutting down' });
    expect(await faultOf(transport.send(get(upstream.url), call()))).toMatchObject({ code: 'unavailable' });
    await until(() => upstream.sockets.size === 0);
  });
});
