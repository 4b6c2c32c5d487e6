import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { Revisions } from '../inventory/revisions.ts';
import type { ListAnswer } from '../reading/lists.ts';
import { answeredText } from './access-log.ts';
import { linesOf, quickHead } from './quick-head.ts';

/** All ready answers together, in bytes; one that is larger than an eighth of it is not kept. */
const maxBytes = 64 * 1024 * 1024;
/** How many lists are remembered as asked for. */
const askedAtMost = 20_000;
/** What an entry costs beside its bytes. */
const overhead = 512;

export interface ReadyAnswer extends Omit<ListAnswer, 'text'> {
  /** the text of the answer, as the bytes that go out */
  readonly head: Buffer;
  /** the whole, and that it is unchanged */
  readonly ok: Prepared;
  readonly notModified: Prepared;
}

/** What is the same whenever a ready answer is given. */
interface Prepared {
  /** the status line and headers, up to the id of the request */
  readonly lines: string;
  /** for the log */
  readonly answered: string;
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

  constructor(private readonly revisions: Revisions) {}

  /** `sight` is that of the caller, as `sightOf` gives it. */
  find(sight: string, url: string, now: number): ReadyAnswer | undefined {
    const answer = this.#answers.get(`${sight} ${url}`);
    if (answer === undefined || !this.revisions.trusted) return undefined;
    if (this.revisions.of(answer.kinds) !== answer.revision || answer.validUntil <= now) return undefined;
    return answer;
  }

  /** Keeps it if it was asked for before: one that nobody asks for again would only push out those that are. */
  keep(sight: string, url: string, answer: ListAnswer): void {
    if (!this.revisions.trusted) return;
    const name = `${sight} ${url}`;
    if (this.#asked.has(name)) {
      this.#answers.set(name, readyOf(answer, url.split('?', 1)[0] as string));
    } else this.#asked.set(name, true);
  }
}

function readyOf({ text, ...answer }: ListAnswer, path: string): ReadyAnswer {
  const same = linesOf(headersOf(answer));
  return {
    ...answer,
    head: Buffer.from(text),
    ok: {
      lines: `HTTP/1.1 200 OK\r\n${same}content-type: ${json}\r\nx-request-id: `,
      answered: answeredText('GET', path, 200),
    },
    notModified: {
      lines: `HTTP/1.1 304 Not Modified\r\n${same}x-request-id: `,
      answered: answeredText('GET', path, 304),
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
 * lines of the head. Gives what the log says of it.
 */
export function writeReady(
  response: ServerResponse,
  { head, etag, ok, notModified }: ReadyAnswer,
  { id, ifNoneMatch, now }: { id: string; ifNoneMatch: string | undefined; now: number },
  more: string,
): string {
  if (matches(ifNoneMatch, etag)) {
    quickHead(response, 304, `${notModified.lines}${id}\r\n${more}`, now);
    response.end();
    return notModified.answered;
  }
  const tail = tailOf(id);
  const length = head.length + tail.length;
  quickHead(response, 200, `${ok.lines}${id}\r\n${more}content-length: ${length}\r\n`, now);
  response.cork(); // all three go out together
  response.write(head);
  response.end(tail);
  return ok.answered;
}

/** Writes a list that has just been made, with what headers the hooks have given the reply. */
export function writeList(request: FastifyRequest, reply: FastifyReply, answer: ListAnswer): void {
  const { raw } = reply;
  const headers = headersOf(answer);
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (name !== 'x-content-type-options') headers.push(name, String(value));
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

/** Weak comparison, as RFC 9110 asks for If-None-Match. */
export function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch === etag || ifNoneMatch === '*') return true;
  const bare = etag.replace(/^W\//, '');
  return ifNoneMatch.split(',').some((tag) => tag.trim().replace(/^W\//, '') === bare);
}
