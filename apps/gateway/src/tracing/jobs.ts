import type { Stories } from '../requests/stories.ts';
import type { Spans } from './spans.ts';

/** Work that no request waits for, with a trace of its own. */
export class Jobs {
  /** `spans`: absent where nobody collects traces */
  constructor(
    private readonly stories: Stories,
    private readonly spans?: Pick<Spans, 'job'>,
  ) {}

  /** `work` makes its upstream calls with the trace context that it is given. */
  async run<T>(
    name: string,
    { requestId, ...attributes }: { readonly requestId: string; readonly connection: string },
    work: (traceparent: string) => Promise<T>,
  ): Promise<T> {
    const story = this.stories.begin(requestId, undefined);
    try {
      const outcome = await work(story.traceparent);
      this.#end(story, name, attributes.connection);
      return outcome;
    } catch (error) {
      this.#end(story, name, attributes.connection, error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  #end(story: ReturnType<Stories['begin']>, name: string, connection: string, failure?: string): void {
    this.stories.end(story);
    this.spans?.job(story, name, { 'fleetgate.connection': connection }, failure);
  }
}
