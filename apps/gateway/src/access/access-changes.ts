import { type BeforeApplicationShutdown, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import type pg from 'pg';
import { Database } from '../database/database.ts';
import { Authentications } from './authentications.ts';

/** The channel on which every replica hears who may do less, or more, than before. */
const channel = 'fleetgate_access';
/** How often the revision is asked for, and how long an answer is good for, in milliseconds: no change is missed longer. */
const askEvery = 1_000;
const goodFor = 4_000;

interface Change {
  readonly revision: number;
  /** ids of what changed */
  readonly ids: readonly string[];
}

/**
 * Says which principals have changed, and hears it from every replica. What is said arrives within milliseconds; should the
 * session that listens have died without a word, the revision tells, and should that not be readable, nobody is known any
 * longer: then every credential is looked up anew.
 */
@Injectable()
export class AccessChanges implements OnModuleInit, BeforeApplicationShutdown {
  readonly #log = new Logger('Access');
  #heard = 0;
  #stop: (() => Promise<void>) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(
    private readonly database: Database,
    private readonly authentications: Authentications,
  ) {}

  /** To be called in the transaction that makes the change, as its last statement: others wait for the row it locks. */
  async say(client: Pick<pg.PoolClient, 'query'>, ids: readonly string[]): Promise<void> {
    await client.query({
      text: `WITH bumped AS (UPDATE access_revision SET revision = revision + 1 RETURNING revision)
        SELECT pg_notify($1, json_build_object('revision', revision, 'ids', $2::text[])::text) FROM bumped`,
      values: [channel, ids],
    });
  }

  /** What this replica has changed itself it knows at once, before it answers. */
  apply(ids: readonly string[]): void {
    this.authentications.forget(ids);
  }

  async onModuleInit(): Promise<void> {
    await this.#ask();
    this.#stop = await this.database.listen(
      channel,
      (payload) => this.#hear(JSON.parse(payload) as Change),
      () => this.authentications.forget(), // what was said before, or from now on, may be missed
    );
    this.#askLater();
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#stop?.();
  }

  #hear({ revision, ids }: Change): void {
    // One after the other is how they are committed, and so how they are said: a gap means that one was missed.
    this.authentications.forget(revision === this.#heard + 1 ? ids : undefined);
    this.#heard = Math.max(this.#heard, revision);
  }

  async #ask(): Promise<void> {
    const asked = Date.now();
    const [row] = await this.database.tuples<[number]>({ text: 'SELECT revision FROM access_revision' });
    const revision = row?.[0] ?? 0;
    if (revision > this.#heard) {
      this.#heard = revision;
      this.authentications.forget();
    }
    this.authentications.trustUntil(asked + goodFor);
  }

  #askLater(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(async () => {
      try {
        await this.#ask();
      } catch (error) {
        // Trust ends by itself; the next one that succeeds brings it back.
        this.#log.warn(
          `cannot ask who has changed: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
      this.#askLater();
    }, askEvery);
    this.#timer.unref();
  }
}
