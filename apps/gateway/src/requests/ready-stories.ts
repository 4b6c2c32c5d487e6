import type { IncomingMessage } from 'node:http';
import type { Principal } from '../access/principal.ts';
import { traceContext } from '../tracing/trace-context.ts';
import type { Entry } from './request-log.ts';
import { rounded } from './request-record.ts';

export interface ReadyStoriesParts {
  /** takes secrets out of a text */
  readonly clean: (text: string) => string;
  /** one that took longer (ms) is kept for that */
  readonly slowMs: number;
  /** share of the rest that is kept, from 0 to 1 */
  readonly sample: number;
}

/** A ready list that was given. */
export interface ReadyGiven {
  readonly request: IncomingMessage;
  readonly principal: Principal;
  /** when it was asked for, in milliseconds since the epoch */
  readonly now: number;
}

/**
 * The stories of lists that were ready: they reach neither the framework nor a trace, so that one of so many is kept, by
 * count, and those that took long. For all others this is a subtraction.
 */
export class ReadyStories {
  /** where they go; nowhere until the application is up */
  keep: (entry: Entry) => void = () => undefined;
  readonly #every: number;
  #left: number;

  constructor(private readonly parts: ReadyStoriesParts) {
    this.#every = parts.sample > 0 ? Math.round(1 / parts.sample) : Number.POSITIVE_INFINITY;
    this.#left = this.#every;
  }

  /** `route`: as it is registered; `ms`: how long it took */
  given(
    id: string,
    list: ReadyGiven,
    { route, status }: { route: string; status: number },
    ms: number,
  ): void {
    this.#left -= 1;
    const slow = ms >= this.parts.slowMs;
    if (this.#left > 0 && !slow) return;
    if (this.#left <= 0) this.#left = this.#every;
    const { request, principal, now } = list;
    const [path = ''] = (request.url ?? '').split('?', 1);
    this.keep({
      record: {
        id,
        at: new Date(now).toISOString(),
        principal: { id: principal.id, kind: principal.kind, name: this.parts.clean(principal.name) },
        team: principal.team?.id ?? null,
        method: 'GET',
        route,
        path,
        status,
        duration_ms: rounded(ms),
        answered_from: 'inventory',
        error: null,
        connections: [],
        trace_id: traceContext(request.headers.traceparent).traceId,
      },
      detail: {
        steps: [{ name: 'ready', at_ms: 0, duration_ms: rounded(ms) }],
        operations: [],
        attempts: [],
        joined: 0,
        more: 0,
      },
      slow,
    });
  }
}
