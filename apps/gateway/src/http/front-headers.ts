import { timeLimitHeaders } from './time-limit.ts';

/** The headers of a request that the front goes by. */
export interface FrontHeaders {
  authorization: string | undefined;
  ifNoneMatch: string | undefined;
  requestId: string | undefined;
}

const lengths = new Set(
  ['authorization', 'if-none-match', 'x-request-id', ...timeLimitHeaders].map(({ length }) => length),
);

/**
 * Reads them from the raw ones (name, value, name, …): to have Node make an object of all headers takes longer than everything
 * else that is done for a ready answer. undefined: that is for others; one of them stands there twice, or the caller says how long
 * it waits, which may be said wrongly.
 */
export function frontHeaders(raw: readonly string[]): FrontHeaders | undefined {
  let authorization: string | undefined;
  let ifNoneMatch: string | undefined;
  let requestId: string | undefined;
  for (let at = 0; at < raw.length; at += 2) {
    const { length } = raw[at] as string;
    if (!lengths.has(length)) continue;
    const name = (raw[at] as string).toLowerCase();
    if (name === 'authorization') {
      if (authorization !== undefined) return undefined;
      authorization = raw[at + 1];
    } else if (name === 'if-none-match') {
      if (ifNoneMatch !== undefined) return undefined;
      ifNoneMatch = raw[at + 1];
    } else if (name === 'x-request-id') {
      if (requestId !== undefined) return undefined;
      requestId = raw[at + 1];
    } else if ((timeLimitHeaders as readonly string[]).includes(name)) return undefined;
  }
  return { authorization, ifNoneMatch, requestId };
}
