import type { Readable } from 'node:stream';
import { Fault } from '@fleetgate/model';
import type { Dispatcher } from 'undici';
import { readHeaders } from './answered-headers.ts';
import { faultOfSignal } from './call.ts';
import { networkFault } from './network-fault.ts';
import { unsent } from './unsent.ts';

/** A request that goes out as it is. */
export interface PassedRequest {
  readonly method: string;
  /** http or https, without a path */
  readonly origin: string;
  /** with the query */
  readonly path: string;
  /** name, value, name, value, … as they go over the wire */
  readonly headers: readonly string[];
  readonly body: Readable | Buffer | null;
}

/** Where the answer goes, piece by piece. */
export interface AnswerSink {
  /** Called once, before anything else, with the headers as they came: name, value, name, value, … */
  head(status: number, headers: readonly Buffer[]): void;
  /** False: no more until `resume`, which is given to the first call of `onReady`, is called. */
  data(chunk: Buffer): boolean;
  end(): void;
  /** Says whom to call when there is room again after `data` has said that there is none. */
  onReady(resume: () => void): void;
}

export interface ExchangeBounds {
  /** until the answer begins, with the sending of the request; milliseconds */
  readonly headMs: number;
  /** without a byte of the answer, once it has begun, and the taker being ready; milliseconds */
  readonly idleMs: number;
  /** of the answer's body */
  readonly maxBytes: number;
}

export interface PassedExchange {
  readonly pool: Dispatcher;
  readonly request: PassedRequest;
  readonly sink: AnswerSink;
  readonly signal: AbortSignal;
  readonly bounds: ExchangeBounds;
  /** an answer of this status is held back, if it is short, for the caller to decide about */
  readonly heldStatus?: number | undefined;
}

export interface Passed {
  readonly status: number;
  /** of the answer: those that the runtime itself reads */
  readonly headers: Readonly<Record<string, string>>;
  /** of the answer's body */
  readonly bytes: number;
  /** Gives the answer to the sink that it was held back from. */
  readonly release?: () => void;
}

/** bytes of an answer that is held back; a longer one is handed on */
const mostHeld = 64 * 1024;

/**
 * Sends one request and hands the answer on as it comes, at the pace of whoever takes it. Ends once, with the whole answer or with
 * a fault; with a fault the socket is destroyed.
 */
export function passThroughExchange(exchange: PassedExchange): Promise<Passed> {
  const { pool, request, sink, signal, bounds, heldStatus } = exchange;
  const host = request.origin.slice(request.origin.indexOf('//') + 2);
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let ended: Fault | true | undefined;
    let status = 0;
    let read: Record<string, string> = {};
    let held: { headers: readonly Buffer[]; chunks: Buffer[] } | undefined;
    let size = 0;
    let waiting = false;
    /** whether anything came since the clock was last looked at */
    let alive = false;
    const startedAt = performance.now();

    function end(outcome: Fault | true): boolean {
      if (ended) return false;
      ended = outcome;
      clearInterval(timer);
      signal.removeEventListener('abort', leave);
      return true;
    }
    function fail(fault: Fault): void {
      if (!end(fault)) return;
      controller?.abort(fault);
      reject(controller ? fault : unsent(fault));
    }
    const leave = () => fail(faultOfSignal(signal));
    const look = () => {
      if (status === 0 && performance.now() - startedAt >= bounds.headMs) {
        fail(new Fault('timeout', `${host} did not answer within ${bounds.headMs} ms`));
      } else if (status !== 0 && !alive && !waiting) {
        fail(new Fault('timeout', `${host} did not go on with its answer for ${bounds.idleMs} ms`));
      }
      alive = false;
    };
    const timer = setInterval(look, Math.min(bounds.idleMs, bounds.headMs));
    if (signal.aborted) {
      leave();
      return;
    }
    signal.addEventListener('abort', leave, { once: true });

    function release(): void {
      if (!held) return;
      const { headers, chunks } = held;
      held = undefined;
      sink.head(status, headers);
      for (const chunk of chunks) sink.data(chunk);
    }
    const resume = () => {
      if (!waiting) return;
      waiting = false;
      alive = true;
      controller?.resume();
    };
    sink.onReady(resume);

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(started) {
        controller = started;
        if (ended instanceof Fault) started.abort(ended); // given up while it waited for a socket
      },
      onResponseStart(given, statusCode, headers) {
        if (statusCode < 200 || ended) return; // 1xx announces the answer
        status = statusCode;
        alive = true;
        read = readHeaders(headers);
        if (Number(headers['content-length']) > bounds.maxBytes) return fail(tooLarge(host, bounds.maxBytes));
        const raw = given.rawHeaders as Buffer[];
        if (statusCode === heldStatus) held = { headers: raw, chunks: [] };
        else sink.head(statusCode, raw);
      },
      onResponseData(given, chunk) {
        if (ended) return;
        alive = true;
        size += chunk.length;
        if (size > bounds.maxBytes) return fail(tooLarge(host, bounds.maxBytes));
        if (held) {
          held.chunks.push(chunk);
          if (size <= mostHeld) return;
          release();
          return;
        }
        if (sink.data(chunk)) return;
        waiting = true;
        given.pause();
      },
      onResponseEnd() {
        if (!end(true)) return;
        if (!held) sink.end();
        const finish = () => {
          release();
          sink.end();
        };
        resolve({ status, headers: read, bytes: size, ...(held ? { release: finish } : {}) });
      },
      onResponseError(_, error) {
        fail(error instanceof Fault ? error : networkFault(error, host));
      },
    };
    try {
      pool.dispatch(
        {
          path: request.path,
          method: request.method as Dispatcher.HttpMethod,
          headers: request.headers as string[],
          body: request.body,
        },
        handler,
      );
    } catch (error) {
      fail(networkFault(error, host));
    }
  });
}

function tooLarge(host: string, maxBytes: number): Fault {
  return new Fault('unexpected', `${host} gave an answer larger than ${maxBytes / 2 ** 20} MiB`);
}
