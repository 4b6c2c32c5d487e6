import type { ServerResponse } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { Revisions } from '../inventory/revisions.ts';
import type { ListAnswer } from '../reading/lists.ts';

/** All ready answers together, in bytes; one that is larger than an eighth of it is not kept. */
const maxBytes = 64 * 1024 * 1024;
/** How many lists are remembered as asked for. */
const askedAtMost = 20_000;
/** What an entry costs beside its bytes. */
const overhead = 512;

export interface ReadyAnswer extends Omit<ListAnswer, 'text'> {
  /** the text of the answer, as the bytes that go out */
  readonly head: Buffer;
  /** without the query, for the log */
  readonly path: string;
}

/**
 * List answers as bytes, by what the caller may see and what it asks for. One is given again as long as the inventory stands at the revision that
 * it shows and no source has aged into another state.
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
  find(sight: string, url: string): ReadyAnswer | undefined {
    const answer = this.#answers.get(`${sight} ${url}`);
    if (answer === undefined || !this.revisions.trusted) return undefined;
    if (this.revisions.of(answer.kinds) !== answer.revision || answer.validUntil <= Date.now())
      return undefined;
    return answer;
  }

  /** Keeps it if it was asked for before: one that nobody asks for again would only push out those that are. */
  keep(sight: string, url: string, answer: ListAnswer): void {
    if (!this.revisions.trusted) return;
    const name = `${sight} ${url}`;
    if (this.#asked.has(name)) {
      const { text, ...rest } = answer;
      this.#answers.set(name, { ...rest, head: Buffer.from(text), path: url.split('?', 1)[0] as string });
    } else this.#asked.set(name, true);
  }
}

/** A list that has just been made: written like one that was ready, with what headers the hooks have given the reply. */
export function writeList(request: FastifyRequest, reply: FastifyReply, answer: ListAnswer): void {
  const extra: string[] = [];
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (name !== 'x-request-id' && name !== 'x-content-type-options') extra.push(name, String(value));
  reply.hijack();
  const whole = { ...answer, head: answer.text };
  writeReady(reply.raw, whole, request.id, request.headers['if-none-match'], {
    headersOnly: request.method === 'HEAD',
    extra,
  });
}

/**
 * Writes the ready bytes as they are, and behind them the request id, so that a kept body is never copied. `extra` are more
 * headers, raw: name, value, name, …
 */
export function writeReady(
  response: ServerResponse,
  answer: { readonly head: Buffer | string; readonly etag: string; readonly complete: boolean },
  id: string,
  ifNoneMatch: string | undefined,
  { headersOnly = false, extra = [] }: { headersOnly?: boolean; extra?: readonly string[] } = {},
): void {
  const headers = [
    'etag',
    answer.etag,
    'cache-control',
    'private, no-cache',
    'vary',
    'Authorization',
    'x-request-id',
    id,
    'x-fleetgate-complete',
    answer.complete ? 'true' : 'false',
    'x-content-type-options',
    'nosniff',
    ...extra,
  ];
  if (matches(ifNoneMatch, answer.etag)) {
    response.writeHead(304, headers);
    response.end();
    return;
  }
  const tail = `,"requestId":"${id}"}`;
  // A text goes out in one piece with its tail; making bytes of it first would be one more large object to collect.
  const body = typeof answer.head === 'string' ? answer.head + tail : answer.head;
  const bodyBytes = Buffer.byteLength(body);
  const length = typeof body === 'string' ? bodyBytes : bodyBytes + tail.length;
  headers.push('content-type', 'application/json; charset=utf-8', 'content-length', String(length));
  response.writeHead(200, headers);
  if (headersOnly) {
    response.end();
  } else if (typeof body === 'string') {
    // As many bytes as characters: it is all ASCII, which is the same in Latin-1 and is written without being encoded.
    response.end(body, bodyBytes === body.length ? 'latin1' : 'utf8');
  } else {
    response.write(body);
    response.end(tail);
  }
}

/** Weak comparison, as RFC 9110 asks for If-None-Match. */
export function matches(ifNoneMatch: string | undefined, etag: string): boolean {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch === etag || ifNoneMatch === '*') return true;
  const bare = etag.replace(/^W\//, '');
  return ifNoneMatch.split(',').some((tag) => tag.trim().replace(/^W\//, '') === bare);
}
