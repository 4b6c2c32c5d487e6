import { type BeforeApplicationShutdown, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { LoginAttempts } from './login/login-attempts.ts';
import { LoginSessions } from './login/login-sessions.ts';

/** How often, in milliseconds. */
const every = 600_000;

/** Removes what has run out: nothing of it is looked at any more. */
@Injectable()
export class Housekeeping implements OnModuleInit, BeforeApplicationShutdown {
  readonly #log = new Logger('Access');
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly sessions: LoginSessions,
    private readonly attempts: LoginAttempts,
  ) {}

  onModuleInit(): void {
    this.#timer = setInterval(() => void this.sweep(), every);
    this.#timer.unref();
  }

  beforeApplicationShutdown(): void {
    clearInterval(this.#timer);
  }

  async sweep(): Promise<void> {
    try {
      await this.sessions.removeExpired();
      await this.attempts.removeForgotten();
    } catch (error) {
      // the next round does it
      this.#log.warn(
        `cannot remove what has run out: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  }
}
