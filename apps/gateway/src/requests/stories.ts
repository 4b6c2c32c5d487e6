import type { Observer, OperationEvent, RequestEvent } from '@fleetgate/provider-runtime';
import { Story } from './story.ts';

/** The stories of requests that are under way. */
export class Stories implements Observer {
  readonly #open = new Map<string, Story>();

  begin(requestId: string, traceparent: unknown): Story {
    const story = new Story(requestId, traceparent);
    this.#open.set(story.traceparent, story);
    return story;
  }

  /** Nothing more is heard of it. */
  end(story: Story): void {
    this.#open.delete(story.traceparent);
  }

  /** Of whoever made a call with that trace context. */
  of(traceparent: string | undefined): Story | undefined {
    return traceparent === undefined ? undefined : this.#open.get(traceparent);
  }

  operation(event: OperationEvent): void {
    this.#open.get(event.traceparent)?.operation(event);
  }

  request(event: RequestEvent): void {
    this.#open.get(event.traceparent)?.attempt(event);
  }
}
