import type { ServerResponse } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { Spans } from '../tracing/spans.ts';
import type { Entry } from './request-log.ts';
import { detailOf, type Recorded, recordedOf, recordOf } from './request-record.ts';
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
  /** whether one more of that team would be kept; what it says no to is counted as dropped */
  hasRoom: (team: string | null) => boolean = () => true;
  /** ended: those that something is still done for */
  readonly #lingering = new Map<NodeJS.Timeout, () => void>();

  constructor(private readonly parts: RequestHooksParts) {}

  install(server: FastifyInstance): void {
    server.decorateRequest('story', null);
    server.addHook('onRequest', (request, reply, done) => {
      const story = this.begin(request.id, request.headers.traceparent);
      request.story = story;
      reply.raw.once('close', () => this.answered(story, recordedOf(request), reply.raw));
      done();
    });
  }

  begin(requestId: string, traceparent: unknown): Story {
    return this.parts.stories.begin(requestId, traceparent);
  }

  /** No story goes on: what there is of each is handed over. */
  close(): void {
    for (const [timer, end] of this.#lingering) {
      clearTimeout(timer);
      end();
    }
  }

  /** The answer is over, or its caller has gone. */
  answered(story: Story, request: Recorded, response: ServerResponse): void {
    const { stories, clean, slowMs, spans } = this.parts;
    const status = response.writableFinished ? response.statusCode : null;
    const slow = story.ms >= slowMs && !isStream(response);
    const worth = slow || this.#isWorth(status, request.method, story);
    if (spans === undefined && !(worth && this.hasRoom(request.principal?.team?.id ?? null))) {
      stories.end(story); // most of them: nobody reads its record, so that none is made
      return;
    }
    const record = recordOf(story, request, clean, status);
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
  #isWorth(status: number | null, method: string, { trace }: Story): boolean {
    if (status === null || status >= 400 || (method !== 'GET' && method !== 'HEAD')) return true;
    return Number.parseInt(trace.traceId.slice(0, 8), 16) < this.parts.sample * 2 ** 32;
  }
}

function isStream(response: ServerResponse): boolean {
  return String(response.getHeader('content-type') ?? '').startsWith('text/event-stream');
}
