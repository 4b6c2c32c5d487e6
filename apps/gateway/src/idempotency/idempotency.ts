import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiError } from '../answers/api-error.ts';
import { Keyring } from '../sealing/keyring.ts';
import { fingerprintOf, idempotencyKeyOf } from './idempotency-key.ts';
import { IdempotencyStore, type Name, type StoredAnswer } from './idempotency-store.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** the operation that this request's key stands for; absent: it carries no key */
    operationId?: string;
  }
}

/** How long an equal request waits for the one that is under way, how often it looks, and how often leases are renewed; ms. */
const patience = 30_000;
const lookEvery = 200;
const renewEvery = 5_000;
const sweepEvery = 600_000;
const replayedHeaders = ['content-type', 'location', 'etag', 'preference-applied', 'x-fleetgate-operation'];

/**
 * `Idempotency-Key` on every POST: the first one is carried out, every other one with the same body gets its answer. Answers
 * that do not hold for ever (failures on our side or upstream, limits) are not kept: the same key may try again, and goes on
 * with the same operation.
 */
@Injectable()
export class Idempotency implements OnApplicationShutdown {
  readonly #running = new Map<FastifyRequest, Name>();
  /** those under way here, by name, for the equal requests that wait */
  readonly #ends = new Map<string, PromiseWithResolvers<void>>();
  readonly #timers: NodeJS.Timeout[] = [];

  readonly #secrets: readonly Buffer[];

  constructor(
    private readonly store: IdempotencyStore,
    keyring: Keyring,
  ) {
    this.#secrets = keyring.keysFor('fingerprint of a request');
  }

  install(server: FastifyInstance): void {
    server.addHook('preHandler', (request, reply) => this.#begin(request, reply));
    server.addHook('onSend', async (request, reply, payload) => {
      await this.#end(request, reply, payload);
      return payload;
    });
    server.addHook('onResponse', (request) => this.#left(request));
    const every = (ms: number, work: () => Promise<void>) => {
      // A lease that could not be renewed runs out, and an equal request goes on where this one stands.
      const timer = setInterval(
        () => void work().catch((err) => server.log.warn({ err }, 'idempotency')),
        ms,
      );
      this.#timers.push(timer.unref());
    };
    every(renewEvery, async () => {
      if (this.#running.size > 0) await this.store.renew([...this.#running.values()]);
    });
    every(sweepEvery, () => this.store.removeExpired());
  }

  onApplicationShutdown(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  /** Resolves to the reply when that has the answer already: the framework then goes no further. */
  async #begin(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> {
    if (request.method !== 'POST' || !request.principal || request.is404) return undefined;
    if (request.routeOptions.config.passesKeyOn) return undefined;
    const key = idempotencyKeyOf(request.headers['idempotency-key']);
    if (key === undefined) return undefined;
    const name = { principal: request.principal.id, key };
    const { method, url, body } = request;
    const fingerprints = this.#secrets.map((secret) => fingerprintOf(secret, method, url, body));
    const until = performance.now() + patience;
    for (;;) {
      const claim = await this.store.claim(name, fingerprints);
      if (claim.state === 'ours') {
        this.#running.set(request, name);
        this.#ends.set(textOf(name), Promise.withResolvers());
        request.operationId = claim.operationId;
        return undefined;
      }
      if (claim.state === 'done') return replay(claim.answer, request, reply);
      if (claim.state === 'other_request') {
        throw new ApiError('validation_error', 'this Idempotency-Key was used for another request', {
          details: [{ field: 'Idempotency-Key', message: 'was used for another request' }],
        });
      }
      if (performance.now() > until) {
        throw new ApiError('conflict', 'the request with this Idempotency-Key is still being carried out', {
          details: [{ field: 'Idempotency-Key', message: 'is in use' }],
          retryAfterSeconds: 1,
        });
      }
      const elsewhere = sleep(lookEvery, undefined, { ref: false });
      await Promise.race([
        this.#ends.get(textOf(name))?.promise ?? elsewhere,
        sleep(patience, undefined, { ref: false }),
      ]);
    }
  }

  /** The answer is kept before it goes out, so that nobody has seen one that could be given differently later. */
  async #end(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<void> {
    const name = this.#running.get(request);
    if (!name) return;
    const { statusCode: status } = reply;
    const isText = typeof payload === 'string' || payload === undefined || payload === null;
    if (holdsForEver(status) && isText) {
      const headers: Record<string, string> = {};
      for (const header of replayedHeaders) {
        const value = reply.getHeader(header);
        if (value !== undefined) headers[header] = String(value);
      }
      await this.store.finish(name, { status, headers, body: typeof payload === 'string' ? payload : '' });
    } else await this.store.release(name);
    this.#forget(request, name);
  }

  /** One that was cut off has no answer: an equal request goes on with it. */
  async #left(request: FastifyRequest): Promise<void> {
    const name = this.#running.get(request);
    if (!name) return;
    this.#forget(request, name);
    await this.store.release(name);
  }

  #forget(request: FastifyRequest, name: Name): void {
    this.#running.delete(request);
    const text = textOf(name);
    this.#ends.get(text)?.resolve();
    this.#ends.delete(text);
  }
}

function textOf({ principal, key }: Name): string {
  return `${principal} ${key}`;
}

/** What would be answered again just so: success, and refusals that are about the request itself. */
function holdsForEver(status: number): boolean {
  return status < 400 || [400, 404, 412, 415, 422, 501].includes(status);
}

function replay(answer: StoredAnswer, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, headers, body } = answer;
  return reply
    .code(status)
    .headers({ ...headers, 'cache-control': 'no-store', 'idempotency-replayed': 'true' })
    .send(withRequestId(body, request.id));
}

/** The answer names the request that it answers. */
function withRequestId(body: string, requestId: string): string {
  if (body === '') return body;
  return JSON.stringify({ ...(JSON.parse(body) as object), requestId });
}
