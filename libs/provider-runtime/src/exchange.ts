import { Fault } from '@fleetgate/model';
import type { OutgoingRequest } from '@fleetgate/provider-spec';
import type { Dispatcher } from 'undici';
import { readHeaders } from './answered-headers.ts';
import type { SizedResponse } from './attempt.ts';
import { faultOfSignal } from './call.ts';
import { networkFault } from './network-fault.ts';
import { unsent } from './unsent.ts';

export interface Exchange {
  pool: Dispatcher;
  url: URL;
  request: OutgoingRequest;
  signal: AbortSignal;
  /** bytes */
  maxBytes: number;
}

/**
 * Sends one request and reads its whole answer. It ends once, with the answer or with a fault, and in every case but a whole
 * answer the socket is destroyed: nothing stays half read.
 *
 * The handler interface of undici is used for this, and not `request()`: that one heeds a signal only after the connection
 * stands, so that a host which swallows packets would outlast every deadline.
 */
export function exchange({ pool, url, request, signal, maxBytes }: Exchange): Promise<SizedResponse> {
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let ended: Fault | true | undefined;
    let status = 0;
    let headers: Record<string, string> = {};
    let chunks: Buffer[] = [];
    let size = 0;

    function end(outcome: Fault | true): boolean {
      if (ended) return false;
      ended = outcome;
      clearTimeout(timer);
      signal.removeEventListener('abort', leave);
      return true;
    }
    function fail(fault: Fault): void {
      if (!end(fault)) return;
      chunks = [];
      controller?.abort(fault);
      // undici gives the controller right before the first byte.
      reject(controller ? fault : unsent(fault));
    }
    const leave = () => fail(faultOfSignal(signal));
    const timer = setTimeout(
      () => fail(new Fault('timeout', `${url.host} did not answer within ${request.timeoutMs} ms`)),
      request.timeoutMs,
    );
    if (signal.aborted) {
      leave();
      return;
    }
    signal.addEventListener('abort', leave, { once: true });

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart(started) {
        controller = started;
        if (ended instanceof Fault) started.abort(ended); // given up while it waited for a socket
      },
      onResponseStart(_, statusCode, received) {
        if (statusCode < 200) return; // 1xx announces the answer
        status = statusCode;
        headers = readHeaders(received);
        const encoding = received['content-encoding'];
        if (encoding !== undefined && encoding !== 'identity') {
          fail(new Fault('unexpected', `${url.host} answered in an encoding that was not asked for`));
        } else if (Number(received['content-length']) > maxBytes && request.method !== 'HEAD') {
          fail(tooLarge(url.host, maxBytes));
        }
      },
      onResponseData(_, chunk) {
        size += chunk.length;
        if (size > maxBytes) fail(tooLarge(url.host, maxBytes));
        else if (!ended) chunks.push(chunk);
      },
      onResponseEnd() {
        if (!end(true)) return;
        // TextDecoder puts U+FFFD for what is not UTF-8, and drops a byte order mark.
        const answer = {
          status,
          headers,
          text: new TextDecoder().decode(Buffer.concat(chunks)),
          bytes: size,
        };
        // undici takes the socket back one turn after the answer. A caller who is told before that, and asks again, would
        // open another one: as many sockets again as the connection may have requests under way.
        queueMicrotask(() => setImmediate(resolve, answer));
      },
      onResponseError(_, error) {
        fail(error instanceof Fault ? error : networkFault(error, url.host));
      },
    };
    try {
      pool.dispatch(
        {
          path: `${url.pathname}${url.search}`,
          method: request.method,
          headers: { ...request.headers },
          body: request.body ?? null,
        },
        handler,
      );
    } catch (error) {
      fail(networkFault(error, url.host));
    }
  });
}

function tooLarge(host: string, maxBytes: number): Fault {
  return new Fault('unexpected', `${host} gave an answer larger than ${maxBytes / 2 ** 20} MiB`);
}
