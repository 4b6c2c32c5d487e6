import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  Logger,
  type OnModuleInit,
} from '@nestjs/common';
import { Database } from '../database/database.ts';
import { Barrier, feedSession } from './barrier.ts';
import { Revisions, sourceKind } from './revisions.ts';
import { channel, type Signal } from './signals.ts';
import { Sources } from './sources.ts';

/** How often everything is read again, in case that a signal was lost without the session being lost; milliseconds. */
const rereadEvery = 15_000;

/** What keeps the connections of this process in step with those that are stored; resolves to whether anything has changed. */
export interface LinkedRows {
  readAll(): Promise<boolean>;
  read(connection: string): Promise<boolean>;
}

/** The injection token of `LinkedRows`. */
export const LINKS = Symbol('links');

/** Hears of every replica's commits, and keeps `Revisions` and `Sources` in step with them. */
@Injectable()
export class Feed implements OnModuleInit, BeforeApplicationShutdown {
  readonly #log = new Logger('Inventory');
  readonly #requestListeners = new Set<(connection: string) => void>();
  readonly #barrier: Barrier;
  #stop: (() => Promise<void>) | undefined;
  #reread: NodeJS.Timeout | undefined;
  /** goes up whenever the session is lost or opened, so that a slow read of an earlier one is not taken for the present */
  #session = 0;

  constructor(
    private readonly database: Database,
    private readonly revisions: Revisions,
    private readonly sources: Sources,
    @Inject(LINKS) private readonly links: LinkedRows,
  ) {
    this.#barrier = new Barrier(database);
  }

  async onModuleInit(): Promise<void> {
    await this.read();
    this.#stop = await this.database.listen(
      channel,
      (payload) => this.#hear(payload),
      (connected) => void this.#state(connected),
      feedSession,
    );
    this.#reread = setInterval(() => void this.read().catch((error) => this.#say(error)), rereadEvery);
    this.#reread.unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.#reread);
    this.#session += 1;
    this.revisions.trust(false);
    await this.#stop?.();
  }

  /** Resolves once every replica goes by what was committed before this call: none answers from an older list any more. */
  everyoneHeard(): Promise<void> {
    return this.#barrier.pass();
  }

  /** Tells of every connection that somebody asks to be synced. */
  onRequest(listener: (connection: string) => void): () => void {
    this.#requestListeners.add(listener);
    return () => this.#requestListeners.delete(listener);
  }

  /**
   * Reads everything again. Connections come before their states, and these before revisions: a new revision must never stand
   * over an old state.
   */
  async read(): Promise<void> {
    if (await this.links.readAll()) this.revisions.relinked();
    const mark = this.revisions.mark();
    const rows = await this.database.tuples<[string, string, number]>({
      text: 'SELECT connection, kind, revision FROM inventory_revision',
    });
    await this.sources.load();
    this.revisions.takeAll(rows, mark);
  }

  /** A connection was made, changed or removed. When this resolves, this process goes by it. */
  async linked(connection: string): Promise<void> {
    const changed = await this.links.read(connection);
    await this.sources.reload(connection);
    if (!changed) return;
    this.revisions.relinked();
    for (const listener of this.#requestListeners) listener(connection);
  }

  async #state(connected: boolean): Promise<void> {
    this.#session += 1;
    const session = this.#session;
    this.revisions.trust(false);
    if (!connected)
      return this.#log.warn('lost the session that hears of changes: answers are read anew until it is back');
    try {
      await this.read();
      if (session === this.#session) this.revisions.trust(true);
    } catch (error) {
      this.#say(error);
      const again = setTimeout(() => session === this.#session && void this.#state(true), 1_000);
      again.unref();
    }
  }

  #hear(payload: string): void {
    const signal = JSON.parse(payload) as Signal;
    if ('barrier' in signal) {
      this.#barrier.answer(signal.barrier).catch((error) => this.#say(error));
    } else if ('passed' in signal) {
      this.#barrier.passed(signal.passed);
    } else if ('requested' in signal) {
      for (const listener of this.#requestListeners) listener(signal.connection);
    } else if ('linked' in signal) {
      this.linked(signal.connection).catch((error) => this.#say(error));
    } else if ('folded' in signal) {
      this.revisions.fold(signal.connection, signal.folded);
    } else if ('kind' in signal) {
      this.revisions.note(signal.connection, signal.kind, signal.revision);
    } else {
      this.sources.reload(signal.connection).then(
        () => this.revisions.note(signal.connection, sourceKind, signal.revision),
        (error) => this.#say(error),
      );
    }
  }

  /** A read that failed is made up for by the next one; until then the session that hears is down as well, or soon. */
  #say(error: unknown): void {
    this.#log.warn(
      `cannot read the state of the sources: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}
