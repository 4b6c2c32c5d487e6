import pg from 'pg';

/** How often a silent session is asked whether it is still there, and how long it has to answer; milliseconds. */
const heartbeat = { every: 10_000, patience: 5_000 };
/** Waits between attempts to open the session again: doubled from the first to the last, in milliseconds. */
const retryWaits = { first: 50, last: 5_000 };

/** One session that listens on one channel, and is opened again whenever it is lost. */
export class ChannelListener {
  #client: pg.Client | undefined;
  #retry: NodeJS.Timeout | undefined;
  #pulse: NodeJS.Timeout | undefined;
  #wait = retryWaits.first;
  #stopped = false;

  constructor(
    private readonly config: pg.ClientConfig,
    private readonly channel: string,
    private readonly onMessage: (payload: string) => void,
    private readonly onState: (connected: boolean) => void,
    /** of the session, as the server shows it */
    private readonly name = 'fleetgate listener',
  ) {}

  async start(): Promise<void> {
    await this.#open();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    clearInterval(this.#pulse);
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => undefined); // it is being given up: a session that is gone already is fine
  }

  async #open(): Promise<void> {
    const client = new pg.Client({
      ...this.config,
      application_name: this.name,
      keepAlive: true,
      connectionTimeoutMillis: heartbeat.patience,
    });
    client.on('notification', ({ payload }) => this.onMessage(payload ?? ''));
    client.on('error', () => this.#lost(client));
    client.on('end', () => this.#lost(client));
    await client.connect();
    await client.query(`LISTEN ${pg.escapeIdentifier(this.channel)}`);
    if (this.#stopped) return client.end();
    this.#client = client;
    this.#wait = retryWaits.first;
    this.#pulse = setInterval(() => this.#check(client), heartbeat.every);
    this.#pulse.unref();
    this.onState(true);
  }

  /** A peer that vanished without a word (a cable, a proxy) is found out by asking. */
  #check(client: pg.Client): void {
    const late = setTimeout(() => this.#lost(client), heartbeat.patience);
    client.query('SELECT 1').then(
      () => clearTimeout(late),
      () => {
        clearTimeout(late);
        this.#lost(client);
      },
    );
  }

  #lost(client: pg.Client): void {
    if (this.#client !== client) return; // never got to listen (`#open` rejects then), or was lost already
    this.#client = undefined;
    clearInterval(this.#pulse);
    client.end().catch(() => undefined); // it is lost: nothing it says matters any more
    this.onState(false);
    this.#retryLater();
  }

  #retryLater(): void {
    if (this.#stopped) return;
    this.#retry = setTimeout(() => {
      this.#open().catch(() => this.#retryLater()); // the next attempt is the handling; `onState(false)` has been said
    }, this.#wait);
    this.#wait = Math.min(this.#wait * 2, retryWaits.last);
  }
}
