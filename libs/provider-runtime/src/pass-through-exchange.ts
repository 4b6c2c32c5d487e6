import { Fault } from '@fleetgate/model';
import type { Dispatcher } from 'undici';
import { readHeaders } from './answered-headers.ts';
import { networkFault } from './network-fault.ts';
import type { PassedRequest, Transport } from './transport.ts';
import { unsent } from './unsent.ts';

export interface ExchangeBounds {
  /** until the answer begins, with the sending of the request; milliseconds */
  readonly headMs: number;
  /** without a byte of the answer, once it has begun, and the taker being ready; milliseconds */
  readonly idleMs: number;
  /** of the answer's body */
  readonly maxBytes: number;
}

/** Who takes an answer, piece by piece. */
export interface ExchangeTaker {
  /** Called once, before anything else, with the headers as they came: name, value, name, value, … */
  head(status: number, headers: readonly Buffer[]): void;
  /** False: no more until `resume` is called. */
  data(chunk: Buffer): boolean;
  /** The answer is whole. One that is held back was not handed on yet: `release` does that. */
  answered(exchange: Exchange): void;
  failed(fault: Fault): void;
}

/** bytes of an answer that is held back; a longer one is handed on */
const mostHeld = 64 * 1024;

/**
 * Sends one request and hands the answer on as it comes, at the pace of whoever takes it. Ends once, with the whole answer or with
 * a fault; with a fault the socket is destroyed. It is an object with methods, of which undici keeps none of its own making: a
 * function made for each request and kept in an object lives in the old part of the heap, with all that it knows.
 */
export class Exchange implements Dispatcher.DispatchHandler {
  status = 0;
  /** of the answer: those that the runtime itself reads */
  headers: Readonly<Record<string, string>> = {};
  /** of the answer's body, so far */
  bytes = 0;
  readonly #request: PassedRequest;
  readonly #taker: ExchangeTaker;
  readonly #bounds: ExchangeBounds;
  /** an answer of this status is held back, if it is short, for the taker to decide about */
  readonly #heldStatus: number;
  #controller: Dispatcher.DispatchController | undefined;
  #ended: Fault | true | undefined;
  #held: { readonly headers: readonly Buffer[]; readonly chunks: Buffer[] } | undefined;
  #waiting = false;
  /** whether anything came since the clock was last looked at, and when that was (by `performance.now`) */
  #alive = false;
  #seenAt = performance.now();

  constructor(
    request: PassedRequest,
    taker: ExchangeTaker,
    { bounds, heldStatus }: { readonly bounds: ExchangeBounds; readonly heldStatus: number },
  ) {
    this.#request = request;
    this.#taker = taker;
    this.#bounds = bounds;
    this.#heldStatus = heldStatus;
  }

  send(transport: Pick<Transport, 'dispatch'>): void {
    try {
      transport.dispatch(this.#request, this);
    } catch (error) {
      this.abort(error instanceof Fault ? error : networkFault(error, this.#host));
    }
  }

  get held(): boolean {
    return this.#held !== undefined;
  }

  /** Hands on what was held back. */
  release(): void {
    if (this.#held === undefined) return;
    const { headers, chunks } = this.#held;
    this.#held = undefined;
    this.#taker.head(this.status, headers);
    for (const chunk of chunks) this.#taker.data(chunk);
  }

  /** There is room again. */
  resume(): void {
    if (!this.#waiting) return;
    this.#waiting = false;
    this.#alive = true;
    this.#controller?.resume();
  }

  /** Ends it, if it has not ended. */
  abort(fault: Fault): void {
    if (this.#ended !== undefined) return;
    this.#ended = fault;
    this.#controller?.abort(fault);
    this.#taker.failed(this.#controller ? fault : (unsent(fault) as Fault));
  }

  /** Looks whether it takes too long; to be called now and then. */
  look(now: number): void {
    if (this.#alive || (this.#waiting && this.status !== 0)) {
      this.#alive = false;
      this.#seenAt = now;
      return;
    }
    const { headMs, idleMs } = this.#bounds;
    const stood = now - this.#seenAt;
    if (this.status === 0 && stood >= headMs) {
      this.abort(new Fault('timeout', `${this.#host} did not answer within ${headMs} ms`));
    } else if (this.status !== 0 && stood >= idleMs) {
      this.abort(new Fault('timeout', `${this.#host} did not go on with its answer for ${idleMs} ms`));
    }
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#ended instanceof Fault) controller.abort(this.#ended); // given up while it waited for a socket
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: NodeJS.Dict<string | string[]>,
  ): void {
    if (status < 200 || this.#ended !== undefined) return; // 1xx announces the answer
    this.status = status;
    this.#alive = true;
    this.headers = readHeaders(headers);
    const raw = controller.rawHeaders as Buffer[];
    if (Number(headers['content-length']) > this.#bounds.maxBytes) this.abort(this.#tooLarge());
    else if (status === this.#heldStatus) this.#held = { headers: raw, chunks: [] };
    else this.#taker.head(status, raw);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#ended !== undefined) return;
    this.#alive = true;
    this.bytes += chunk.length;
    if (this.bytes > this.#bounds.maxBytes) {
      this.abort(this.#tooLarge());
      return;
    }
    if (this.#held) {
      this.#held.chunks.push(chunk);
      if (this.bytes > mostHeld) this.release();
      return;
    }
    if (this.#taker.data(chunk)) return;
    this.#waiting = true;
    controller.pause();
  }

  onResponseEnd(): void {
    if (this.#ended !== undefined) return;
    this.#ended = true;
    this.#taker.answered(this);
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.abort(error instanceof Fault ? error : networkFault(error, this.#host));
  }

  get #host(): string {
    const { origin } = this.#request;
    return origin.slice(origin.indexOf('//') + 2);
  }

  #tooLarge(): Fault {
    return new Fault(
      'unexpected',
      `${this.#host} gave an answer larger than ${this.#bounds.maxBytes / 2 ** 20} MiB`,
    );
  }
}
