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
  void reply
    .code(status)
    .headers({ 'content-type': json, 'cache-control': 'private, no-cache', vary: 'Authorization' })
    .send(JSON.stringify({ data, requestId: request.id }));
}

/** A list of something that the gateway itself owns and that is short: all of it is at hand. */
export function writeAll(
  request: FastifyRequest,
  reply: FastifyReply,
  all: readonly unknown[],
  { page, limit }: { page: number; limit: number },
): void {
  const data = all.slice((page - 1) * limit, page * limit);
  const pages = Math.ceil(all.length / limit);
  const pagination = { page, limit, total: all.length, pages, next_cursor: null };
  void reply
    .headers({ 'content-type': json, 'cache-control': 'private, no-cache', vary: 'Authorization' })
    .send(JSON.stringify({ data, pagination, sources: [], requestId: request.id }));
}
