import { type ServerResponse, STATUS_CODES } from 'node:http';
import type {
  AnswerSink,
  NativeCaller,
  NativeRequest,
  PassedCall,
  PassThrough,
} from '@fleetgate/provider-runtime';
import { headersOf, linesOf, quickHead } from '../http/quick-head.ts';
import { answerHeaders } from './native-headers.ts';

/** An upstream's page must not act in the name of our address, whatever it is. */
const alwaysSaid = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "sandbox; default-src 'none'",
};
const alwaysSaidLines = linesOf(Object.entries(alwaysSaid).flat());

/** bytes of one answer that may wait for its caller before no more is taken; to stop for each piece costs more than it saves */
const mostUnsent = 256 * 1024;

/** What we say in an answer ourselves, beside what is always said. */
export interface Said {
  /** as `linesOf` gives them, of values that are known to be good */
  readonly lines: string;
  /** of all that we say, in lower case: the upstream's headers of the same name are left out */
  readonly names: ReadonlySet<string>;
}

/** The names that are said in every answer of an upstream, and those. */
export function namesWith(names: readonly string[]): ReadonlySet<string> {
  return new Set([...Object.keys(alwaysSaid), 'x-fleetgate-upstream', ...names]);
}

/**
 * Hands an answer on to the caller, at the caller's pace. Nothing of it goes through the framework. How a failure is told is for
 * whoever let the call in.
 */
export abstract class NativeAnswer implements AnswerSink {
  #call: PassedCall | undefined;
  #left = false;
  /** the first piece, until it goes out */
  #first: Buffer | undefined;
  #begun = false;
  #ended = false;

  constructor(
    protected readonly response: ServerResponse,
    private readonly slug: string,
    private readonly said: Said,
  ) {}

  abstract fail(error: unknown): void;

  /** Sends the call out; what comes of it is told to this. */
  protected pass(way: PassThrough, request: NativeRequest, caller: NativeCaller): void {
    this.#call = way.pass(request, this, caller);
    if (this.#left) this.#call.leave();
  }

  /** Its caller has gone. */
  leave(): void {
    this.#left = true;
    this.#call?.leave();
  }

  head(status: number, headers: readonly Buffer[]): void {
    const passed = answerHeaders(headers, this.said.names);
    const lines = `${this.said.lines}${alwaysSaidLines}x-fleetgate-upstream: ${this.slug}\r\n`;
    if (!says(passed, 'cache-control')) passed.push('cache-control', 'no-store');
    const { response } = this;
    // Without a length the body goes out in pieces, or not at all: how is for Node to say.
    if (isWithoutBody(response, status) || !says(passed, 'content-length') || !areGood(passed)) {
      response.writeHead(status, [...headersOf(lines), ...passed]);
      return;
    }
    const all = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n${lines}${linesOf(passed)}`;
    quickHead(response, status, all, Date.now(), says(passed, 'date'));
  }

  data(chunk: Buffer): boolean {
    if (!this.#begun) {
      this.#begun = true;
      this.#first = chunk;
      goOutTogether(this);
      return true;
    }
    this.goOut();
    if (this.response.write(chunk) || this.response.writableLength <= mostUnsent) return true;
    this.response.once('drain', () => this.#call?.resume());
    return false;
  }

  end(): void {
    this.#ended = true;
    if (this.#first === undefined) this.response.end();
  }

  /** What was kept back goes out now. */
  goOut(): void {
    if (this.#first === undefined) return;
    const first = this.#first;
    this.#first = undefined;
    if (this.#ended) this.response.end(first);
    else this.response.write(first);
  }
}

/**
 * The first pieces of answers that came in one turn of the event loop go out together at its end: the same work in a row takes
 * less of the processor than one answer in, one answer out, and a short answer goes out whole.
 */
let waiting: NativeAnswer[] = [];

function goOutTogether(answer: NativeAnswer): void {
  if (waiting.push(answer) === 1) setImmediate(allGoOut);
}

function allGoOut(): void {
  const all = waiting;
  waiting = [];
  for (const answer of all) answer.goOut();
}

function isWithoutBody({ req }: ServerResponse, status: number): boolean {
  return req.method === 'HEAD' || status === 204 || status === 304;
}

function says(headers: readonly string[], name: string): boolean {
  for (let at = 0; at < headers.length; at += 2) if (headers[at] === name) return true;
  return false;
}

/** What Node asks of values, which the parser of the answer has asked already: nobody writes a head by hand on trust alone. */
function areGood(headers: readonly string[]): boolean {
  for (let at = 1; at < headers.length; at += 2) if (!goodValue.test(headers[at] as string)) return false;
  return true;
}
const goodValue = /^[\t\x20-\x7e\x80-\xff]*$/;
