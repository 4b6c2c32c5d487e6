import { Fault, type FaultCode } from '@fleetgate/model';
import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { ApiError } from '../answers/api-error.ts';
import { errorOfFault } from '../answers/upstream-errors.ts';
import { CONNECTIONS, type Connection, type Connections } from '../connections/connection.ts';
import { Feed } from '../inventory/feed.ts';
import { TIMING, type Timing } from '../inventory/timing.ts';
import { OperationStore, type OperationTask } from '../operations/operation-store.ts';
import { FollowUps } from './follow-ups.ts';
import { type WriteOutcome, Writer } from './writer.ts';

/** How often leases are renewed, and how often this process looks for operations without one; milliseconds. */
const renewEvery = 5_000;
const lookEvery = 1_000;
const sweepEvery = 3_600_000;
/** Operations that one process takes over at once. */
const takenAtOnce = 8;
/** Attempts at an operation that nobody waits for, and the first wait between them, doubled each time; milliseconds. */
const attempts = 6;
const firstWait = 1_000;

const passing: ReadonlySet<FaultCode> = new Set(['unavailable', 'timeout', 'unexpected', 'rate_limited']);

/** Carries operations out, and goes on with those whose process is gone. */
@Injectable()
export class OperationRunner implements OnApplicationShutdown {
  readonly #log = new Logger('Operations');
  readonly #running = new Set<string>();
  readonly #stopping = new AbortController();
  readonly #background = new Set<Promise<unknown>>();
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(
    @Inject(CONNECTIONS) private readonly connections: Connections,
    private readonly store: OperationStore,
    private readonly writer: Writer,
    private readonly followUps: FollowUps,
    private readonly feed: Feed,
    @Inject(TIMING) private readonly timing: Timing,
  ) {
    this.#every(renewEvery, async () => {
      if (this.#running.size > 0) await this.store.renew([...this.#running]);
    });
  }

  /** Whoever has the role `all` or `worker` goes on with what others left, and follows what upstreams still work on. */
  startRecovery(): void {
    this.#every(lookEvery, () => this.#recover());
    this.#every(lookEvery, () => this.followUps.run(this.#stopping.signal));
    this.#every(sweepEvery, () => this.store.removeOld());
  }

  /**
   * Carries an operation out that was started here, while its caller waits. When it resolves, every replica shows what it left.
   * It goes on when the caller goes; for who said how long it waits (`deadlineAt`, ms since the epoch), it ends with that.
   * Rejects with `ApiError`.
   */
  async run(connection: Connection, task: OperationTask, deadlineAt?: number): Promise<WriteOutcome> {
    this.#running.add(task.id);
    try {
      const outcome = await this.writer.run(connection, { ...task, deadlineAt }, this.#stopping.signal);
      await this.store.succeeded(task.id, outcome.id);
      await this.feed.everyoneHeard();
      return outcome;
    } catch (error) {
      throw await this.#failed(connection, task, error);
    } finally {
      this.#running.delete(task.id);
    }
  }

  /** The same without a caller: what fails in passing is tried again. */
  runInBackground(connection: Connection, task: OperationTask): void {
    const work = this.#persist(connection, task).finally(() => this.#background.delete(work));
    this.#background.add(work);
  }

  async onApplicationShutdown(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    this.#stopping.abort(new Fault('unavailable', 'the gateway is shutting down'));
    await Promise.allSettled(this.#background);
  }

  async #persist(connection: Connection, task: OperationTask): Promise<void> {
    this.#running.add(task.id);
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          const outcome = await this.writer.run(connection, task, this.#stopping.signal);
          return await this.store.succeeded(task.id, outcome.id);
        } catch (error) {
          // What a stop cuts off stays running, and is taken over when its lease has run out.
          if (this.#stopping.signal.aborted) return;
          const again = error instanceof Fault && passing.has(error.code) && attempt < attempts;
          if (!again) return void (await this.#failed(connection, task, error));
          const wait = Math.max(firstWait * 2 ** (attempt - 1), error.retryAfterMs ?? 0);
          await this.timing.clock.sleep(wait, this.#stopping.signal);
        }
      }
    } catch (error) {
      // The database, or a stop: it stays running, and is taken over when its lease has run out.
      if (!this.#stopping.signal.aborted) this.#log.error(`${task.id} broke off: ${text(error)}`);
    } finally {
      this.#running.delete(task.id);
    }
  }

  /** Records the end of an operation, and makes the error that its caller hears. */
  async #failed(connection: Connection, task: OperationTask, error: unknown): Promise<unknown> {
    const known = error instanceof Fault ? errorOfFault(error, connection) : error;
    const { code, message, facts } =
      known instanceof ApiError ? known : new ApiError('internal_error', 'something went wrong on our side');
    await this.store.broke(task.id, { code, message, details: [...(facts.details ?? [])] });
    const operation = await this.store.find(task.id);
    if (!(known instanceof ApiError) || !operation) return known;
    const { id, state, steps, left_behind } = operation;
    return new ApiError(known.code, known.message, {
      ...known.facts,
      operation: { id, state, steps, left_behind },
    });
  }

  async #recover(): Promise<void> {
    const slugs = this.connections.all().map(({ slug }) => slug);
    const free = takenAtOnce - this.#background.size;
    if (free <= 0 || slugs.length === 0) return;
    for (const task of await this.store.takeLost(slugs, free)) {
      const connection = this.connections.find(task.connection);
      if (!connection) continue; // unlinked in this moment: its lease runs out again
      this.#log.warn(`goes on with ${task.id}, whose process is gone`);
      this.runInBackground(connection, task);
    }
  }

  #every(ms: number, work: () => Promise<void>): void {
    let busy = false;
    const timer = setInterval(async () => {
      if (busy) return;
      busy = true;
      try {
        await work();
      } catch (error) {
        if (!this.#stopping.signal.aborted) this.#log.warn(`tries again: ${text(error)}`);
      }
      busy = false;
    }, ms);
    this.#timers.push(timer);
  }
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
