import type { ServerResponse } from 'node:http';
import { type Audience, mayHear, type StoredEvent } from './event.ts';
import type { EventFeed, Listener } from './event-feed.ts';
import type { EventLog } from './event-log.ts';
import { namesType } from './event-types.ts';

/** A comment goes out this often, so that whatever stands between keeps the connection; milliseconds. */
const heartbeat = 15_000;
/** How often it is looked whether the caller may still hear, in milliseconds. */
const recheckEvery = 5_000;
/** Bytes that may wait for a reader that is slow; more, and it is cut off, to come again with its Last-Event-ID. */
const mostWaiting = 256 * 1024;
const mostHeld = 10_000;
const catchUpSize = 200;

export interface StreamOptions {
  readonly response: ServerResponse;
  readonly log: EventLog;
  readonly feed: EventFeed;
  /** sequence of the last event that the reader has; undefined: it begins with the next one */
  readonly after: number | undefined;
  readonly types: readonly string[] | undefined;
  readonly resource: string | undefined;
  readonly audience: Audience;
  /** what the caller may hear at that moment; undefined: nothing any more */
  readonly recheck: () => Promise<Audience | undefined>;
}

/** One reader of the live stream (Server-Sent Events). It ends when the reader goes, is too slow, or may hear no more. */
export class EventStream implements Listener {
  readonly #timers: NodeJS.Timeout[] = [];
  #audience: Audience | undefined;
  /** sequence of the last event that went out or was passed over */
  #position = 0;
  /** heard of while the reader is still being brought up to date */
  #held: StoredEvent[] | undefined = [];
  #ended = false;

  constructor(private readonly options: StreamOptions) {
    this.#audience = options.audience;
    options.response.on('close', () => this.end());
  }

  async start(): Promise<void> {
    const { feed, after } = this.options;
    const joined = await feed.join(this);
    this.#position = after ?? joined;
    this.#timers.push(
      setInterval(() => this.#send(': still here\n\n'), heartbeat).unref(),
      setInterval(() => void this.#recheck(), recheckEvery).unref(),
    );
    if (after !== undefined) await this.#catchUp(joined);
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#tell(held);
  }

  hear(events: readonly StoredEvent[]): void {
    if (this.#held === undefined) this.#tell(events);
    else this.#held.push(...events);
    // Whoever cannot be brought up to date in this time is slow as well.
    if (this.#held && this.#held.length > mostHeld) this.end();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const timer of this.#timers) clearInterval(timer);
    this.options.feed.leave(this);
    this.#held = undefined;
    this.options.response.end();
  }

  async #catchUp(until: number): Promise<void> {
    const { log, types, resource } = this.options;
    while (!this.#ended && this.#audience && this.#position < until) {
      const query = { after: this.#position, limit: catchUpSize, types, resource, audience: this.#audience };
      const found = await log.read(query);
      const known = found.filter(({ sequence }) => sequence <= until);
      this.#tell(known);
      if (found.length < catchUpSize || known.length < found.length) break;
      await this.#drained();
    }
    this.#position = Math.max(this.#position, until);
  }

  #tell(events: readonly StoredEvent[]): void {
    const audience = this.#audience;
    if (!audience || this.#ended) return;
    let text = '';
    for (const event of events) {
      if (event.sequence <= this.#position) continue;
      this.#position = event.sequence;
      if (this.#wants(event) && mayHear(audience, event)) text += textOf(event);
    }
    if (text !== '') this.#send(text);
  }

  #wants({ type, resourceId }: StoredEvent): boolean {
    const { types, resource } = this.options;
    return (!types || namesType(types, type)) && (resource === undefined || resource === resourceId);
  }

  #send(text: string): void {
    const { response } = this.options;
    if (this.#ended) return;
    response.write(text);
    if (response.writableLength > mostWaiting) {
      response.destroy(); // what it has not read is in the log
      this.end();
    }
  }

  /** While a reader catches up there is no need to cut it off: it is waited for. */
  #drained(): Promise<void> {
    const { response } = this.options;
    if (response.writableLength === 0 || this.#ended) return Promise.resolve();
    return new Promise((resolve) => {
      response.once('drain', resolve);
      response.once('close', resolve);
    });
  }

  async #recheck(): Promise<void> {
    this.#audience = await this.options.recheck();
    if (!this.#audience) this.end();
  }
}

function textOf({ sequence, type, body }: StoredEvent): string {
  return `id: ${sequence}\nevent: ${type}\ndata: ${body}\n\n`;
}
