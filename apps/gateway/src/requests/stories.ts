import type { Observer, OperationEvent, RequestEvent } from '@fleetgate/provider-runtime';
import { partsOf } from '../tracing/trace-context.ts';
import { Story } from './story.ts';

/** so many places, a power of two: more than there are requests at once, mostly */
const places = 1024;

/**
 * The stories of requests that are under way, each at the place that its own id says (which is by chance), one behind the other where there are
 * several. (A Map would keep those that are over until all garbage is collected: see `Row` of the runtime.)
 */
export class Stories implements Observer {
  readonly #open: (Story | undefined)[] = Array(places).fill(undefined);

  begin(requestId: string, traceparent: unknown): Story {
    const story = new Story(requestId, traceparent);
    const place = placeOf(story.traceparent);
    story.next = this.#open[place];
    this.#open[place] = story;
    return story;
  }

  /** Nothing more is heard of it. */
  end(story: Story): void {
    const place = placeOf(story.traceparent);
    let before: Story | undefined;
    for (let one = this.#open[place]; one; one = one.next) {
      if (one === story) {
        if (before) before.next = story.next;
        else this.#open[place] = story.next;
        story.next = undefined;
        return;
      }
      before = one;
    }
  }

  /** Of whoever made a call with that trace context. */
  of(traceparent: string | undefined): Story | undefined {
    if (traceparent === undefined) return undefined;
    let one = this.#open[placeOf(traceparent)];
    while (one && one.traceparent !== traceparent) one = one.next;
    return one;
  }

  operation(event: OperationEvent): void {
    this.of(event.traceparent)?.operation(event);
  }

  request(event: RequestEvent): void {
    this.of(event.traceparent)?.attempt(event);
  }
}

function placeOf(traceparent: string): number {
  return Number.parseInt(partsOf(traceparent).spanId.slice(0, 6), 16) % places;
}
