import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Spans } from '../tracing/spans.ts';
import type { Entry } from './request-log.ts';
import { detailOf, recordOf } from './request-record.ts';
import type { Stories } from './stories.ts';
import type { Story } from './story.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** absent on what failed before it was routed */
    story: Story | null;
  }
}

export interface RequestHooksParts {
  readonly stories: Stories;
  /** takes secrets out of a text */
  readonly clean: (text: string) => string;
  /** a request that took longer (ms) is kept for that */
  readonly slowMs: number;
  /** share of the rest that is kept, from 0 to 1 */
  readonly sample: number;
  /** absent where nobody collects traces */
  readonly spans?: Pick<Spans, 'request'> | undefined;
}

/** How long the story of an answer goes on behind which an upstream still works, in milliseconds. */
const linger = 60_000;

/** Begins the story of every request that reaches the framework, and hands over those that are worth keeping. */
export class RequestHooks {
  /** where they go; nowhere until the application is up */
  keep: (entry: Entry) => void = () => undefined;
  /** ended: those that something is still done for */
  readonly #lingering = new Map<NodeJS.Timeout, () => void>();

  constructor(private readonly parts: RequestHooksParts) {}

  install(server: FastifyInstance): void {
    server.decorateRequest('story', null);
    server.addHook('onRequest', (request, reply, done) => {
      const story = this.parts.stories.begin(request.id, request.headers.traceparent);
      request.story = story;
      reply.raw.once('close', () => this.#answered(story, request, reply));
      done();
    });
  }

  /** No story goes on: what there is of each is handed over. */
  close(): void {
    for (const [timer, end] of this.#lingering) {
      clearTimeout(timer);
      end();
    }
  }

  #answered(story: Story, request: FastifyRequest, reply: FastifyReply): void {
    const { stories, clean, slowMs, spans } = this.parts;
    const { writableFinished, statusCode } = reply.raw;
    const record = recordOf(story, request, clean, writableFinished ? statusCode : null);
    const slow = record.duration_ms >= slowMs && !isStream(reply);
    const worth = slow || this.#isWorth(record);
    const end = () => {
      stories.end(story);
      spans?.request(story, record);
      if (worth) this.keep({ record, detail: detailOf(story, clean), slow });
    };
    if (record.status !== 202) {
      end();
      return;
    }
    const timer = setTimeout(() => {
      this.#lingering.delete(timer);
      end();
    }, linger);
    timer.unref();
    this.#lingering.set(timer, end);
  }

  /** Failures, changes, and of the rest those whose id says so: the same on every replica. */
  #isWorth({ status, method, trace_id }: Entry['record']): boolean {
    if (status === null || status >= 400 || (method !== 'GET' && method !== 'HEAD')) return true;
    return Number.parseInt(trace_id.slice(0, 8), 16) < this.parts.sample * 2 ** 32;
  }
}

function isStream(reply: FastifyReply): boolean {
  return String(reply.raw.getHeader('content-type') ?? '').startsWith('text/event-stream');
}
