import type { OperationEvent, RequestEvent } from '@fleetgate/provider-runtime';
import { type TraceContext, traceContext, traceparentOf } from '../tracing/trace-context.ts';

/** What is kept of one request at most; whatever is beyond is counted. */
const most = 200;

/** Something that the gateway itself did for a request. */
export interface StoryStep {
  /** inventory.list, inventory.get */
  readonly name: string;
  /** milliseconds since the epoch */
  readonly startedAt: number;
  readonly ms: number;
}

/** What happens in the course of one request, gathered while it does. */
export class Story {
  readonly startedAt = Date.now();
  readonly trace: TraceContext;
  /** what upstream calls are told, and told apart by: unlike a request id it is never another's too */
  readonly traceparent: string;
  readonly operations: OperationEvent[] = [];
  readonly attempts: RequestEvent[] = [];
  readonly steps: StoryStep[] = [];
  /** how often it waited for the upstream call of another request */
  joined = 0;
  /** true: the caller wants to see it in the answer */
  explain = false;
  failure: { readonly code: string; readonly message: string } | null = null;
  /** attempts and operations that were too many to keep */
  more = 0;
  /** of `Stories`: another one at the same place */
  next: Story | undefined;
  readonly #started = performance.now();

  constructor(
    readonly requestId: string,
    traceparent: unknown,
  ) {
    this.trace = traceContext(traceparent);
    this.traceparent = traceparentOf(this.trace);
  }

  get ms(): number {
    return performance.now() - this.#started;
  }

  operation(event: OperationEvent): void {
    if (event.coalesced) this.joined += 1;
    if (this.operations.length < most) this.operations.push(event);
    else this.more += 1;
  }

  attempt(event: RequestEvent): void {
    if (this.attempts.length < most) this.attempts.push(event);
    else this.more += 1;
  }

  /** Times a step of our own. */
  async step<T>(name: string, work: () => Promise<T>): Promise<T> {
    const [startedAt, began] = [Date.now(), performance.now()];
    try {
      return await work();
    } finally {
      if (this.steps.length < most) this.steps.push({ name, startedAt, ms: performance.now() - began });
    }
  }
}
