import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Clock } from './clock.ts';
import { isControlPath } from './control-path.ts';

export interface RecordedRequest {
  /** Virtual ms since the Unix epoch. */
  at: number;
  method: string;
  /** Without the query. */
  path: string;
  /** Of a repeated parameter the last one. */
  query: Record<string, string>;
  /** Names in lower case. Credentials are kept as they came: this upstream is not a real one. */
  headers: Record<string, string>;
  /** Parsed JSON, or text; null when there was none or it could not be read. */
  body: unknown;
  /** null: never answered. */
  status: number | null;
}

/** The last `capacity` requests, oldest first. */
export class Recorder {
  private readonly ring: RecordedRequest[] = [];
  private next = 0;
  private readonly capacity: number;

  constructor(capacity = 10_000) {
    this.capacity = capacity;
  }

  record(request: RecordedRequest): void {
    this.ring[this.next] = request;
    this.next = (this.next + 1) % this.capacity;
  }

  requests(): RecordedRequest[] {
    if (this.ring.length < this.capacity) return [...this.ring];
    return [...this.ring.slice(this.next), ...this.ring.slice(0, this.next)];
  }

  forget(): void {
    this.ring.length = 0;
    this.next = 0;
  }
}

/** Writes down every request but those of the control endpoint: at its arrival, so that unanswered ones are seen too. */
export function recordRequests(app: FastifyInstance, recorder: Recorder, clock: Clock): void {
  const open = new WeakMap<object, RecordedRequest>();
  app.addHook('onRequest', (request, _reply, done) => {
    const url = new URL(request.url, 'http://upstream');
    if (!isControlPath(url.pathname)) {
      const entry: RecordedRequest = {
        at: clock.now(),
        method: request.method,
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        headers: textHeaders(request),
        body: null,
        status: null,
      };
      open.set(request.raw, entry);
      recorder.record(entry);
    }
    done();
  });
  app.addHook('preValidation', (request, _reply, done) => {
    const entry = open.get(request.raw);
    if (entry !== undefined) entry.body = request.body ?? null;
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const entry = open.get(request.raw);
    if (entry !== undefined) entry.status = reply.statusCode;
    done();
  });
}

function textHeaders(request: FastifyRequest): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return headers;
}
