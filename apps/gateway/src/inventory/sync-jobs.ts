import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { PgBoss } from 'pg-boss';
import { CONNECTIONS, type Connections } from '../connections/connection.ts';
import { Database } from '../database/database.ts';
import { Feed } from './feed.ts';
import { Upkeep } from './sync/upkeep.ts';
import { Walker } from './sync/walker.ts';

const queue = 'sync';
/** Syncs that one process has under way: few, but never so few that some slow upstreams keep a quick one waiting. */
const concurrency = { least: 4, most: 16 };
const handOptions = { batchSize: 1, pollingIntervalSeconds: 1 };
/** How long a sync job may be under way, in seconds; a walk ends by its lease and its deadlines, long before. */
const longestJob = 23 * 3600;
/** How often this process looks for connections that are due, and for what can be trimmed; milliseconds. */
const tickEvery = 1_000;
const upkeepEvery = 60_000;
/** How long a walk under way may take to store its page when the process is to stop, in milliseconds. */
const stopPatience = 10_000;

/** Runs syncs as jobs of the queue that lives in the same database. Whoever has the role `all` or `worker` starts it. */
@Injectable()
export class SyncJobs implements OnModuleDestroy {
  readonly #log = new Logger('Sync');
  #stopping = new AbortController();
  #boss: PgBoss | undefined;
  #hands = 0;
  #timers: NodeJS.Timeout[] = [];
  #unhear: (() => void) | undefined;
  #background: Promise<unknown> = Promise.resolve();

  constructor(
    @Inject(CONNECTIONS) private readonly connections: Connections,
    private readonly database: Database,
    private readonly feed: Feed,
    private readonly walker: Walker,
    private readonly upkeep: Upkeep,
  ) {}

  async start(): Promise<void> {
    if (this.#boss) return;
    this.#stopping = new AbortController();
    const { connectionString, host, port, user, database } = this.database.connectionConfig;
    const boss = new PgBoss({
      ...(connectionString ? { connectionString } : {}),
      ...(host ? { host, port: port ?? 5432, user: user ?? '', database: database ?? '' } : {}),
      application_name: 'fleetgate jobs',
      schema: 'pgboss',
      max: 3,
      schedule: false,
      useListenNotify: true,
    });
    boss.on('error', (error) => this.#log.warn(`job queue: ${error.message}`));
    await boss.start();
    this.#boss = boss;
    await boss.createQueue(queue, {
      policy: 'short', // with a key: one job per connection waits at most
      retryLimit: 0, // a sync that failed is due again by its own record
      expireInSeconds: longestJob,
      retentionSeconds: 3600,
      deleteAfterSeconds: 600,
      notify: true,
    });
    this.#hands = 0;
    await this.#takeHands(boss);
    this.#unhear = this.feed.onRequest((connection) => this.#send([connection]));
    this.#every(tickEvery, () => this.#tick());
    this.#every(upkeepEvery, () => this.#keepUp());
    this.#background = Promise.all([this.#tick(), this.#keepUp()]);
  }

  /** Lets every walk store its page and give its lease back. */
  async stop(): Promise<void> {
    const boss = this.#boss;
    if (!boss) return;
    this.#boss = undefined;
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
    this.#unhear?.();
    this.#stopping.abort();
    await this.#background;
    await boss.stop({ graceful: true, timeout: stopPatience });
  }

  async onModuleDestroy(): Promise<void> {
    await this.stop();
  }

  #every(ms: number, work: () => Promise<void>): void {
    let busy = false;
    const timer = setInterval(async () => {
      if (busy) return;
      busy = true;
      await work();
      busy = false;
    }, ms);
    this.#timers.push(timer);
  }

  /** As many syncs at once as there are connections, within the bounds. Hands that were taken stay: an idle one costs little. */
  async #takeHands(boss: PgBoss): Promise<void> {
    const wanted = Math.min(Math.max(this.connections.all().length, concurrency.least), concurrency.most);
    for (; this.#hands < wanted; this.#hands += 1) {
      const hand: { id?: string } = {};
      hand.id = await boss.work<{ connection: string }>(queue, handOptions, async (jobs) => {
        for (const { data } of jobs) await this.#sync(data.connection);
        // By itself it would look again after half a minute only: what woke it stood for all that came in meanwhile.
        if (hand.id !== undefined) boss.notifyWorker(hand.id);
      });
    }
  }

  /** Queues every connection that is due and that nobody is syncing. */
  async #tick(): Promise<void> {
    try {
      const due = await this.database.query<{ connection: string }>({
        name: 'sync-due',
        text: `SELECT connection FROM sync_state WHERE connection = ANY($1::text[]) AND due_at <= now()
          AND (lease_until IS NULL OR lease_until <= now()) ORDER BY due_at`,
        values: [this.connections.all().map(({ slug }) => slug)],
      });
      await this.#send(due.map(({ connection }) => connection));
      if (this.#boss) await this.#takeHands(this.#boss);
    } catch (error) {
      this.#log.warn(`cannot look for what is due, tries again: ${text(error)}`);
    }
  }

  async #send(due: readonly string[]): Promise<void> {
    for (const connection of due) {
      try {
        if (this.connections.find(connection)) {
          await this.#boss?.send(queue, { connection }, { singletonKey: connection });
        }
      } catch (error) {
        this.#log.warn(`cannot queue the sync of ${connection}, tries again: ${text(error)}`);
      }
    }
  }

  async #sync(slug: string): Promise<void> {
    const connection = this.connections.find(slug);
    if (!connection || this.#stopping.signal.aborted) return;
    try {
      // One that was changed or removed meanwhile stops after its page: another link goes on, or none.
      const signals = [this.#stopping.signal, connection.made?.superseded].filter((one) => one !== undefined);
      await this.walker.run(connection, AbortSignal.any(signals));
    } catch (error) {
      // It stays due: the next tick queues it again.
      this.#log.error(
        `sync of ${slug} broke off: ${text(error)}`,
        error instanceof Error ? error.stack : undefined,
      );
    }
  }

  async #keepUp(): Promise<void> {
    try {
      await this.upkeep.run(this.#stopping.signal);
    } catch (error) {
      this.#log.warn(`upkeep failed, tries again: ${text(error)}`);
    }
  }
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
