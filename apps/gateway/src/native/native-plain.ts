import { timeLimitHeaders } from '../http/time-limit.ts';
import { goesOn } from './native-headers.ts';

/** What a plain call says in its headers. */
export interface PlainCall {
  readonly authorization: string;
  readonly requestId: string | undefined;
  readonly traceparent: string | undefined;
  /** those that go on: name, value, name, value, … */
  readonly passed: string[];
}

/** What makes a call more than plain: a body, words to the server about how it is to go, a time limit that may be said wrongly. */
const notPlain: ReadonlySet<string> = new Set([
  'transfer-encoding',
  'expect',
  'upgrade',
  ...timeLimitHeaders,
]);

/** Reads the headers of a call as they came, once. undefined: it is not plain, or says a thing twice, and is the framework's. */
export function plainCall(raw: readonly string[]): PlainCall | undefined {
  let authorization: string | undefined;
  let requestId: string | undefined;
  let traceparent: string | undefined;
  const passed: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const name = (raw[at] as string).toLowerCase();
    const value = raw[at + 1] as string;
    if (name === 'authorization') {
      if (authorization !== undefined) return undefined;
      authorization = value;
    } else if (name === 'x-request-id') {
      if (requestId !== undefined) return undefined;
      requestId = value;
    } else if (name === 'traceparent') {
      if (traceparent !== undefined) return undefined;
      traceparent = value;
    } else if (notPlain.has(name)) return undefined;
    else if (name === 'content-length') {
      if (value !== '0') return undefined;
    } else if (name === 'connection') {
      if (!/^(?:keep-alive|close)$/i.test(value)) return undefined;
    } else if (goesOn(name)) passed.push(name, value);
  }
  return authorization === undefined ? undefined : { authorization, requestId, traceparent, passed };
}
