import { randomUUID } from 'node:crypto';
import type { Database } from '../database/database.ts';
import { channel, type Signal } from './signals.ts';

/** The session over which each replica hears of changes, by the name that the server shows. */
export const feedSession = 'fleetgate inventory feed';

/** How long a replica that does not answer is waited for: it is gone, or will read everything anew; milliseconds. */
const patience = 250;

interface Wait {
  left: number;
  readonly all: PromiseWithResolvers<void>;
}

/**
 * Signals come to each replica in the order in which they were committed. One that has answered a signal has therefore heard of
 * everything that was committed before it, and answers nothing older any more.
 */
export class Barrier {
  readonly #waits = new Map<string, Wait>();

  constructor(private readonly database: Database) {}

  /** Resolves once every replica has heard of what was committed before this call. */
  async pass(): Promise<void> {
    const id = randomUUID();
    const [row] = await this.database.tuples<[number]>({
      name: 'barrier-replicas',
      text: `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1`,
      values: [feedSession],
    });
    const replicas = row?.[0] ?? 0;
    if (replicas === 0) return;
    const wait: Wait = { left: replicas, all: Promise.withResolvers() };
    this.#waits.set(id, wait);
    const timer = setTimeout(() => wait.all.resolve(), patience);
    try {
      await this.#say({ barrier: id });
      await wait.all.promise;
    } finally {
      clearTimeout(timer);
      this.#waits.delete(id);
    }
  }

  /** A barrier has come by. Rejects when the database cannot be told, which whoever waits outlasts. */
  answer(id: string): Promise<void> {
    return this.#say({ passed: id });
  }

  passed(id: string): void {
    const wait = this.#waits.get(id);
    if (!wait) return;
    wait.left -= 1;
    if (wait.left === 0) wait.all.resolve();
  }

  async #say(signal: Signal): Promise<void> {
    await this.database.query({
      name: 'barrier-say',
      text: 'SELECT pg_notify($1, $2)',
      values: [channel, JSON.stringify(signal)],
    });
  }
}
