import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isControlPath } from './control-path.ts';
import type { Answer, EmulatorInstance } from './emulator.ts';
import type { Fault, Faults } from './faults.ts';
import { markPageFault } from './pages.ts';
import { isRecord } from './population.ts';

type BodyFault = Extract<Fault, { kind: 'half_body' | 'hang_in_body' | 'slow_drip' | 'wrong_shape' }>;

/**
 * The one place where faults act, for all emulators alike: before the emulator sees the request, its check of credentials included
 * (a request with a body: once that is read and recorded), or on the finished answer. Paging faults are only marked here; readPage
 * obeys them.
 */
export function actOutFaults(app: FastifyInstance, faults: Faults, instance: EmulatorInstance): void {
  const later = new WeakMap<object, BodyFault>();
  const closing = new AbortController();

  const act = (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    const path = request.url.split('?', 1)[0] ?? '';
    const fault = isControlPath(path) ? undefined : faults.take(request.method, path);
    if (fault === undefined) {
      done();
      return;
    }
    switch (fault.kind) {
      case 'latency':
        wait(fault.ms, undefined, { signal: closing.signal, ref: false }).then(
          () => done(),
          () => request.raw.destroy(), // only close() ends the wait early
        );
        return;
      case 'hang':
        return; // neither done nor an answer: the client goes away, or close() cuts the connection
      case 'reset':
        request.raw.socket.resetAndDestroy();
        return;
      case 'half_body':
      case 'hang_in_body':
      case 'slow_drip':
      case 'wrong_shape':
        later.set(request.raw, fault);
        done();
        return;
      case 'page_drift':
      case 'standing_cursor':
        markPageFault(request, fault.kind);
        done();
        return;
      default:
        answerInstead(reply, fault, instance);
    }
  };
  app.addHook('onRequest', (request, reply, done) => {
    if (hasBody(request)) done();
    else act(request, reply, done);
  });
  app.addHook('preValidation', (request, reply, done) => {
    if (hasBody(request)) act(request, reply, done);
    else done();
  });

  app.addHook('onSend', (request, reply, payload, done) => {
    const fault = later.get(request.raw);
    if (fault === undefined || payload === undefined || payload === null) return done(null, payload);
    if (typeof payload !== 'string')
      return done(new Error('this emulator answered something other than text'));
    if (fault.kind === 'wrong_shape')
      return done(null, reply.statusCode < 300 ? distortText(payload) : payload);
    const bytes = Buffer.from(payload);
    reply.header('content-length', bytes.length);
    done(null, slowly(bytes, fault));
  });

  app.addHook('onClose', (_app, done) => {
    closing.abort();
    done();
  });
}

function hasBody(request: FastifyRequest): boolean {
  const length = request.headers['content-length'];
  return request.headers['transfer-encoding'] !== undefined || (length !== undefined && length !== '0');
}

type InsteadFault = Exclude<
  Fault,
  BodyFault | { kind: 'latency' | 'hang' | 'reset' | 'page_drift' | 'standing_cursor' }
>;

function answerInstead(reply: FastifyReply, fault: InsteadFault, instance: EmulatorInstance): void {
  switch (fault.kind) {
    case 'not_json':
      reply.code(200).type('application/json').send('<html><body><h1>Bad gateway</h1></body></html>');
      return;
    case 'huge':
      reply
        .code(200)
        .type('application/json')
        .send(Readable.from(hugeBody(fault.bytes)));
      return;
    case 'status': {
      const own = instance.error(fault.status);
      const body = fault.body === undefined ? own.body : fault.body;
      sendAnswer(reply, { status: fault.status, body, headers: { ...own.headers, ...fault.headers } });
      return;
    }
    case 'rate_limited': {
      const own = instance.error(429);
      const seconds = fault.retryAfterSeconds;
      const retry: Record<string, string> = seconds === undefined ? {} : { 'retry-after': String(seconds) };
      sendAnswer(reply, { status: 429, body: own.body, headers: { ...own.headers, ...retry } });
      return;
    }
    case 'expired_token':
      sendAnswer(reply, instance.refuse());
  }
}

/** Text goes out as text, anything else as JSON; 204, 304 and an undefined body without any. */
export function sendAnswer(reply: FastifyReply, answer: Answer): FastifyReply {
  reply.code(answer.status).headers(answer.headers ?? {});
  const { body } = answer;
  if (body === undefined || answer.status === 204 || answer.status === 304) return reply.send();
  if (typeof body === 'string') {
    if (reply.getHeader('content-type') === undefined) reply.type('text/plain; charset=utf-8');
    return reply.send(body);
  }
  return reply.type('application/json; charset=utf-8').send(JSON.stringify(body));
}

/** A body whose rest never comes, or comes too late for anybody. */
function slowly(bytes: Buffer, fault: Exclude<BodyFault, { kind: 'wrong_shape' }>): Readable {
  if (fault.kind === 'half_body') return Readable.from(firstHalf(bytes));
  if (fault.kind === 'slow_drip') return dripping(bytes, fault.ms);
  const half = bytes.subarray(0, Math.ceil(bytes.length / 2));
  const body = new Readable({ read: () => undefined });
  body.push(half);
  return body;
}

function dripping(bytes: Buffer, ms: number): Readable {
  let sent = 0;
  let timer: NodeJS.Timeout | undefined;
  return new Readable({
    highWaterMark: 1,
    read() {
      const drip = () => {
        this.push(sent < bytes.length ? bytes.subarray(sent, sent + 1) : null);
        sent += 1;
      };
      // The first at once, and the headers with it.
      if (sent === 0) drip();
      else timer = setTimeout(drip, ms);
    },
    destroy(error, done) {
      clearTimeout(timer);
      done(error);
    },
  });
}

async function* firstHalf(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes.subarray(0, Math.ceil(bytes.length / 2));
  await wait(20); // so that the half is on its way before the connection is cut
  throw new Error('the connection is cut in the middle of the body');
}

/** `{"items":["xxx…","xxx…"]}`, valid JSON, to the byte. */
function* hugeBody(bytes: number): Generator<string> {
  const head = '{"items":["';
  const tail = '"]}';
  const between = '","';
  let left = bytes - head.length - tail.length;
  yield head;
  while (left > 0) {
    const text = 'x'.repeat(Math.min(left, 16_384));
    left -= text.length;
    yield text;
    if (left >= between.length) {
      yield between;
      left -= between.length;
    }
  }
  yield tail;
}

function distortText(text: string): string {
  try {
    const normal: unknown = JSON.parse(text);
    return JSON.stringify(holdsArray(normal) ? distortArrays(normal) : distortValues(normal));
  } catch {
    return '{"unexpected":true}'; // the normal answer is no JSON, so any JSON is a wrong shape
  }
}

function holdsArray(value: unknown): boolean {
  return Array.isArray(value) || (isRecord(value) && Object.values(value).some(holdsArray));
}

/** A list of objects becomes a number, any other list a text. */
function distortArrays(value: unknown): unknown {
  if (Array.isArray(value)) return value.some(isRecord) ? value.length : 'unexpected';
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, distortArrays(inner)]));
}

/** Without a list: a text becomes an object, a number a text. */
function distortValues(value: unknown): unknown {
  if (typeof value === 'string') return { unexpected: true };
  if (typeof value === 'number') return 'unexpected';
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, distortValues(inner)]));
}
