import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { Revisions } from '../inventory/revisions.ts';
import { Tallies, type Tally } from '../metrics/tallies.ts';
import type { ListAnswer } from '../reading/lists.ts';
import { answeredText } from './access-log.ts';
import { linesOf, quickHead } from './quick-head.ts';

/** All ready answers together, in bytes; one that is larger than an eighth of it is not kept. */
const maxBytes = 64 * 1024 * 1024;
/** How many lists are remembered as asked for. */
const askedAtMost = 20_000;
/** What an entry costs beside its bytes. */
const overhead = 512;

/** So long (ms) an answer that is given again and again is not marked anew as the latest that was. */
const latestFor = 1000;

export interface ReadyAnswer extends Omit<ListAnswer, 'text'> {
  /** the text of the answer, as the bytes that go out */
  readonly head: Buffer;
  /** the whole, and that it is unchanged */
  readonly ok: Prepared;
  readonly notModified: Prepared;
  /** when it was last marked as the latest that was given; milliseconds since the epoch */
  latest: number;
}

/** What is the same whenever a ready answer is given. */
interface Prepared {
  /** the status line and headers, up to the id of the request */
  readonly lines: string;
  /** for the log */
  readonly answered: string;
  /** as it is registered */
  readonly route: string;
  readonly status: number;
  readonly tally: Tally;
}

/**
 * List answers as bytes, by what the caller may see and what it asks for. One is given again as long as the inventory stands
 * at the revision that it shows and no source has aged into another state.
 */
@Injectable()
export class ReadyAnswers {
  readonly #answers = new LRUCache<string, ReadyAnswer>({
    maxSize: maxBytes,
    maxEntrySize: maxBytes / 8,
    sizeCalculation: (answer, key) => answer.head.length + key.length + overhead,
  });
  readonly #asked = new LRUCache<string, true>({ max: askedAtMost });

  constructor(
    private readonly revisions: Revisions,
    private readonly tallies: Tallies,
  ) {}

  /** `sight` is that of the caller, as `sightOf` gives it. */
  find(sight: string, url: string, now: number): ReadyAnswer | undefined {
    const name = `${sight} ${url}`;
    const answer = this.#answers.peek(name);
    if (answer === undefined || !this.revisions.trusted) return undefined;
    if (this.revisions.of(answer.kinds) !== answer.revision || answer.validUntil <= now) return undefined;
    if (Math.abs(now - answer.latest) > latestFor) {
      answer.latest = now;
      this.#answers.get(name);
    }
    return answer;
  }

  /**
   * Keeps it if it was asked for before: one that nobody asks for again would only push out those that are. `route`: what
   * it is counted under.
   */
  keep(sight: string, url: string, answer: ListAnswer, route: string): void {
    if (!this.revisions.trusted) return;
    const name = `${sight} ${url}`;
    if (this.#asked.has(name)) {
      const tallyOf = (status: number) => this.tallies.of(route, 'GET', status, 'yes');
      this.#answers.set(name, readyOf(answer, route, url.split('?', 1)[0] as string, tallyOf));
    } else this.#asked.set(name, true);
  }
}

function readyOf(
  { text, ...answer }: ListAnswer,
  route: string,
  path: string,
  tallyOf: (status: number) => Tally,
): ReadyAnswer {
  const same = linesOf(headersOf(answer));
  return {
    ...answer,
    head: Buffer.from(text),
    latest: Number.NEGATIVE_INFINITY,
    ok: {
      lines: `HTTP/1.1 200 OK\r\n${same}content-type: ${json}\r\nx-request-id: `,
      answered: answeredText('GET', path, 200),
      route,
      status: 200,
      tally: tallyOf(200),
    },
    notModified: {
      lines: `HTTP/1.1 304 Not Modified\r\n${same}x-request-id: `,
      answered: answeredText('GET', path, 304),
      route,
      status: 304,
      tally: tallyOf(304),
    },
  };
}

const json = 'application/json; charset=utf-8';
const headersOf = ({ etag, complete }: Pick<ListAnswer, 'etag' | 'complete'>) => [
  ...['etag', etag, 'cache-control', 'private, no-cache', 'vary', 'Authorization'],
  ...['x-fleetgate-complete', complete ? 'true' : 'false', 'x-content-type-options', 'nosniff'],
];
const tailOf = (id: string) => `,"requestId":"${id}"}`;

/**
 * Writes ready bytes as they are, and behind them the request id, so that a kept body is never copied. `more` are
 * lines of the head. Gives what was written.
 */
export function writeReady(
  response: ServerResponse,
  { head, etag, ok, notModified }: ReadyAnswer,
  { id, ifNoneMatch, now }: { id: string; ifNoneMatch: string | undefined; now: number },
  more: string,
): Prepared {
  if (matches(ifNoneMatch, etag)) {
    quickHead(response, 304, `${notModified.lines}${id}\r\n${more}`, now);
    response.end();
    notModified.tally.given += 1;
    return notModified;
  }
  const tail = tailOf(id);
  const length = head.length + tail.length;
  quickHead(response, 200, `${ok.lines}${id}\r\n${more}content-length: ${length}\r\n`, now);
  response.cork(); // all three go out together
  response.write(head);
  response.end(tail);
  ok.tally.given += 1;
  return ok;
}

/** Writes a list that has just been made, with what headers the hooks have given the reply. */
export function writeList(request: FastifyRequest, reply: FastifyReply, answer: ListAnswer): void {
  const { raw } = reply;
  const headers = headersOf(answer);
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (name !== 'x-content-type-options') headers.push(name, String(value));
  if (request.story?.explain) {
    void reply.headers(namedOf(headers)).send(answer.text + tailOf(request.id)); // a hook adds to it
    return;
  }
  reply.hijack();
  if (matches(request.headers['if-none-match'], answer.etag)) {
    raw.writeHead(304, headers).end();
    return;
  }
  // In one piece with its tail: making bytes of it first would be one more large object to collect.
  const body = answer.text + tailOf(request.id);
  const length = Buffer.byteLength(body);
  raw.writeHead(200, [...headers, 'content-type', json, 'content-length', String(length)]);
  if (request.method === 'HEAD') raw.end();
  // As many bytes as characters: it is all ASCII, which is the same in Latin-1 and is written without being encoded.
  else raw.end(body, length === body.length ? 'latin1' : 'utf8');
}

function namedOf(headers: readonly string[]): Record<string, string> {
  const named: Record<string, string> = { 'content-type': json };
  for (let at = 0; at < headers.length; at += 2) named[headers[at] as string] = headers[at + 1] as string;
  return named;
}

/** Weak comparison, as RFC 9110 asks for If-None-Match. */
export function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch === etag || ifNoneMatch === '*') return true;
  const bare = etag.replace(/^W\//, '');
  return ifNoneMatch.split(',').some((tag) => tag.trim().replace(/^W\//, '') === bare);
}
