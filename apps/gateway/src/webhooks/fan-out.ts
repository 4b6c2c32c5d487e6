import type { Clock } from '@fleetgate/provider-spec';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { Database } from '../database/database.ts';
import { EventLog } from '../events/event-log.ts';
import { eventChannel } from '../events/sequencer.ts';
import { CLOCK } from './clock.ts';
import { enqueue } from './delivery-queue.ts';
import { Subscriptions } from './subscriptions.ts';
import { Turns } from './turns.ts';

/** Events that become deliveries in one transaction, and how often the log is looked at without having been told; milliseconds. */
const batchSize = 250;
const lookEvery = 30_000;

/**
 * Makes a delivery of every event for every webhook that is to hear of it: once each, in the order of the log, by whichever
 * replica is the first. What a webhook's team may hear is decided here, when the event is new.
 */
@Injectable()
export class FanOut {
  readonly #log = new Logger('Webhooks');
  readonly #turns = new Turns(() => this.#drain());
  #timer: NodeJS.Timeout | undefined;
  #unhear: (() => Promise<void>) | undefined;
  #stopped = false;

  constructor(
    private readonly database: Database,
    private readonly events: EventLog,
    private readonly subscriptions: Subscriptions,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async start(): Promise<void> {
    const wake = () => this.#turns.wake();
    this.#unhear = await this.database.listen(eventChannel, wake, wake);
    this.#timer = setInterval(wake, lookEvery);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    await this.#unhear?.();
    await this.#turns.end();
  }

  async #drain(): Promise<void> {
    try {
      while (!this.#stopped && (await this.#once()) === batchSize);
    } catch (error) {
      // The events stay in the log; the next notification or look goes on from the same place.
      this.#log.warn(
        `cannot make deliveries, tries again: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }

  /** Resolves to how many events were looked at; 0 as well where another replica was quicker. */
  async #once(): Promise<number> {
    const [head] = await this.database.query<{ sequence: number }>({
      text: 'SELECT sequence FROM webhook_head',
    });
    const after = head?.sequence ?? 0;
    const audience = { connections: undefined, teams: undefined };
    const events = await this.events.read({ after, limit: batchSize, audience });
    const last = events.at(-1);
    if (!last) return 0;
    return this.database.transaction(async (client) => {
      const { rowCount } = await client.query({
        text: 'UPDATE webhook_head SET sequence = $2 WHERE sequence = $1',
        values: [after, last.sequence],
      });
      if (rowCount === 0) return 0;
      const deliveries = (await this.subscriptions.lock(client)).flatMap((subscription) =>
        this.subscriptions.deliveries(
          subscription,
          events.filter(({ sequence }) => sequence > subscription.after),
        ),
      );
      await enqueue(client, deliveries, this.clock.now());
      return events.length;
    });
  }
}
