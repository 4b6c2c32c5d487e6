import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Database } from '../database/database.ts';
import type { StoredEvent } from './event.ts';
import { EventLog } from './event-log.ts';
import { eventChannel } from './sequencer.ts';

/** Events that are read at once, and how often the log is looked at without having been told of a new one; milliseconds. */
const batchSize = 500;
const lookEvery = 2_000;

export interface Listener {
  /** Events in order, none left out since the one before. */
  hear(events: readonly StoredEvent[]): void;
  /** The gateway goes: there is nothing more to hear from here. */
  end(): void;
}

/** New events of the whole log, read once for every listener of this process. Idle as long as nobody listens. */
@Injectable()
export class EventFeed implements OnApplicationShutdown {
  readonly #log = new Logger('Events');
  readonly #listeners = new Set<Listener>();
  #position = 0;
  #reading: Promise<void> | undefined;
  #again = false;
  #unhear: (() => Promise<void>) | undefined;
  #opening: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(
    private readonly database: Database,
    private readonly events: EventLog,
  ) {}

  /**
   * From now on the listener hears of every event after the sequence that this resolves to; what was before is its own to
   * read.
   */
  async join(listener: Listener): Promise<number> {
    await this.#open();
    await this.#reading; // whoever joins in the middle of a read would miss what it is about to tell
    if (this.#listeners.size === 0) this.#position = (await this.events.bounds()).newest;
    this.#listeners.add(listener);
    return this.#position;
  }

  leave(listener: Listener): void {
    this.#listeners.delete(listener);
  }

  /** Sends every listener away, to come again at another replica. */
  dismiss(): void {
    this.#stopped = true;
    for (const listener of [...this.#listeners]) listener.end();
  }

  get size(): number {
    return this.#listeners.size;
  }

  async onApplicationShutdown(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#unhear?.();
    await this.#reading;
  }

  #open(): Promise<void> {
    this.#opening ??= (async () => {
      const wake = () => this.#wake();
      this.#unhear = await this.database.listen(eventChannel, wake, wake);
      this.#timer = setInterval(wake, lookEvery);
    })().catch((error) => {
      this.#opening = undefined; // the next one who joins tries again
      throw error;
    });
    return this.#opening;
  }

  #wake(): void {
    if (this.#stopped || this.#listeners.size === 0) return;
    if (this.#reading) this.#again = true;
    else this.#reading = this.#read().finally(() => (this.#reading = undefined));
  }

  async #read(): Promise<void> {
    try {
      do {
        this.#again = false;
        let found: StoredEvent[];
        do {
          const audience = { connections: undefined, teams: undefined };
          found = await this.events.read({ after: this.#position, limit: batchSize, audience });
          const last = found.at(-1);
          if (!last) break;
          this.#position = last.sequence;
          for (const listener of this.#listeners) listener.hear(found);
        } while (found.length === batchSize && !this.#stopped);
      } while (this.#again && !this.#stopped);
    } catch (error) {
      // The next notification or look reads from the same place.
      this.#log.warn(`cannot read new events: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}
