import type { FastifyReply, FastifyRequest } from 'fastify';
import type { OneAnswer } from '../reading/ones.ts';
import { matches } from './ready-answers.ts';

const json = 'application/json; charset=utf-8';

/** The answer to a read of one resource. */
export function writeOne(request: FastifyRequest, reply: FastifyReply, answer: OneAnswer): void {
  reply.headers({ etag: answer.etag, 'cache-control': 'private, no-cache', vary: 'Authorization' });
  if (matches(request.headers['if-none-match'], answer.etag)) {
    void reply.code(304).send();
    return;
  }
  const rest = `,"source":${JSON.stringify(answer.source)},"requestId":"${request.id}"}`;
  void reply.header('content-type', json).send(`{"data":${answer.text}${rest}`);
}

/** The answer about something that the gateway itself owns. */
export function writeData(request: FastifyRequest, reply: FastifyReply, data: unknown, status = 200): void {
  // The answer to a change may hold something that is shown once.
  const keeping = request.method === 'GET' ? 'private, no-cache' : 'no-store';
  send(reply.code(status), { data, requestId: request.id }, keeping);
}

/** A list of something that the gateway itself owns and that is short: all of it is at hand. */
export function writeAll(
  request: FastifyRequest,
  reply: FastifyReply,
  all: readonly unknown[],
  { page, limit }: { page: number; limit: number },
): void {
  const data = all.slice((page - 1) * limit, page * limit);
  writePage(request, reply, data, { page, limit, total: all.length });
}

/** One page of a list of something that the gateway itself owns. */
export function writePage(
  request: FastifyRequest,
  reply: FastifyReply,
  data: readonly unknown[],
  { page, limit, total }: { page: number; limit: number; total: number },
): void {
  const pagination = { page, limit, total, pages: Math.ceil(total / limit), next_cursor: null };
  send(reply, { data, pagination, sources: [], requestId: request.id });
}

/** One page of a list that is walked by cursor alone, and that nobody counts. */
export function writeWalk(
  request: FastifyRequest,
  reply: FastifyReply,
  data: readonly unknown[],
  { limit, next }: { limit: number; next: string | null },
): void {
  send(reply, { data, pagination: { limit, next_cursor: next }, requestId: request.id });
}

function send(reply: FastifyReply, body: object, keeping = 'private, no-cache'): void {
  void reply
    .headers({ 'content-type': json, 'cache-control': keeping, vary: 'Authorization' })
    .send(JSON.stringify(body));
}
