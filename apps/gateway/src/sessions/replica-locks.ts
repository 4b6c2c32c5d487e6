import { Fault } from '@fleetgate/model';
import type { Clock } from '@fleetgate/provider-spec';
import pg from 'pg';

/** First half of the advisory lock's key; the second is a hash of the name. */
const lockSpace = 0x746f6b;
/** How often a lock that another replica holds is asked for again, in milliseconds. */
const askEvery = 100;

export interface ReplicaLocksOptions {
  readonly connection: pg.ClientConfig;
  readonly clock: Clock;
  /** how long one waits for its turn, in milliseconds */
  readonly patienceMs: number;
}

/**
 * Locks by name over every process on one database: PostgreSQL's advisory locks, all held by one session of this process,
 * so that a holder that takes its time (a login at a slow upstream) costs no session and holds up no other name.
 */
export class ReplicaLocks {
  readonly #options: ReplicaLocksOptions;
  /** the end of the line for each name; an advisory lock alone would let its own session in again */
  readonly #lines = new Map<string, Promise<void>>();
  readonly #session: pg.Pool;
  readonly #closing = new AbortController();

  constructor(options: ReplicaLocksOptions) {
    this.#options = options;
    this.#session = new pg.Pool({
      ...options.connection,
      application_name: 'fleetgate locks',
      keepAlive: true,
      max: 1, // the locks belong to a session: there must be one only, and it must stay
      idleTimeoutMillis: 0,
    });
    this.#session.on('error', () => {}); // its locks are lost with it; the next turn opens another
  }

  /** Runs `work` while nobody else is in `hold` of the same name. Rejects with `unavailable` when the turn does not come. */
  async hold<T>(name: string, work: () => Promise<T>): Promise<T> {
    const until = this.#options.clock.now() + this.#options.patienceMs;
    const before = this.#lines.get(name);
    const turn = Promise.withResolvers<void>();
    this.#lines.set(name, turn.promise);
    let entered = before === undefined;
    try {
      if (before !== undefined) {
        await this.#within(before, until, name);
        entered = true;
      }
      await this.#lock(name, until);
      try {
        return await work();
      } finally {
        await this.#unlock(name);
      }
    } finally {
      if (this.#lines.get(name) === turn.promise && entered) this.#lines.delete(name);
      // Whoever gave up in the line must not let the next one pass before the one who is in.
      if (entered) turn.resolve();
      else void before?.then(() => turn.resolve());
    }
  }

  /** Gives back every lock; what waits for its turn is refused. */
  async close(): Promise<void> {
    this.#closing.abort(new Fault('unavailable', 'the gateway is shutting down'));
    await this.#session.end();
  }

  async #lock(name: string, until: number): Promise<void> {
    const { clock } = this.#options;
    while (!(await this.#ask('SELECT pg_try_advisory_lock($1, hashtext($2)) AS yes', name))) {
      if (clock.now() >= until) throw tookTooLong(name);
      await clock.sleep(askEvery, this.#closing.signal);
    }
  }

  async #unlock(name: string): Promise<void> {
    try {
      await this.#ask('SELECT pg_advisory_unlock($1, hashtext($2)) AS yes', name);
    } catch {
      // a session that fails is ended by the pool, and with it goes the lock
    }
  }

  async #ask(text: string, name: string): Promise<boolean> {
    if (this.#closing.signal.aborted) throw this.#closing.signal.reason;
    try {
      const { rows } = await this.#session.query<{ yes: boolean }>(text, [lockSpace, name]);
      return rows[0]?.yes ?? false;
    } catch (error) {
      throw unreachable(error);
    }
  }

  async #within(before: Promise<void>, until: number, name: string): Promise<void> {
    const { clock } = this.#options;
    const done = new AbortController();
    const late = clock
      .sleep(Math.max(0, until - clock.now()), AbortSignal.any([done.signal, this.#closing.signal]))
      .then(() => {
        throw tookTooLong(name);
      });
    try {
      await Promise.race([before, late]);
    } finally {
      late.catch(() => undefined); // either it has won the race, or it is ended on the next line
      done.abort();
    }
  }
}

/** A database that does not answer is no fault of the upstream, but for the caller it comes to the same. */
export function unreachable(cause: unknown): Fault {
  return new Fault('unavailable', 'the stored session cannot be reached', { cause });
}

function tookTooLong(name: string): Fault {
  return new Fault(
    'unavailable',
    `the session of ${name} is being renewed elsewhere, and that takes too long`,
  );
}
