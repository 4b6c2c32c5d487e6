import { type BeforeApplicationShutdown, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { Database } from '../../database/database.ts';
import { Authentications } from '../authentications.ts';

/** How often it is written which keys were used, in milliseconds; so exact is what is told of it. */
const writeEvery = 30_000;

/** Writes when each key was last used: in one statement for all of them, away from the requests that use them. */
@Injectable()
export class LastUsed implements OnModuleInit, BeforeApplicationShutdown {
  readonly #log = new Logger('Access');
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: Database,
    private readonly authentications: Authentications,
  ) {}

  onModuleInit(): void {
    this.#timer = setInterval(() => void this.write(), writeEvery);
    this.#timer.unref();
  }

  async beforeApplicationShutdown(): Promise<void> {
    clearInterval(this.#timer);
    await this.write();
  }

  async write(): Promise<void> {
    const ids = this.authentications
      .takeUsed()
      .filter(({ kind }) => kind === 'api_key')
      .map(({ id }) => id);
    if (ids.length === 0) return;
    try {
      await this.database.query({
        text: 'UPDATE api_key SET last_used_at = now() WHERE id = ANY($1::text[])',
        values: [ids],
      });
    } catch (error) {
      // It is told a little older than it is; nothing else comes of it.
      this.#log.warn(
        `cannot write which keys were used: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
}
