import type { Clock } from '../core/clock.ts';

const hour = 3_600_000;

/** One counter for the one key, in fixed windows of an hour of virtual time; the documented plans count per hour too. */
export class RateLimit {
  private readonly clock: Clock;
  private readonly limit: number;
  private window = 0;
  private used = 0;

  constructor(clock: Clock, limit: number) {
    this.clock = clock;
    this.limit = limit;
  }

  /** Counts one request; false: it is over the limit. */
  take(): boolean {
    this.turn();
    this.used += 1;
    return this.used <= this.limit;
  }

  /** X-RateLimit-Reset is a moment, in seconds since the Unix epoch. */
  headers(): Record<string, string> {
    this.turn();
    return {
      'x-ratelimit-limit': String(this.limit),
      'x-ratelimit-remaining': String(Math.max(0, this.limit - this.used)),
      'x-ratelimit-reset': String(((this.window + 1) * hour) / 1000),
    };
  }

  secondsToReset(): number {
    return Math.max(1, Math.ceil(((this.window + 1) * hour - this.clock.now()) / 1000));
  }

  private turn(): void {
    const window = Math.floor(this.clock.now() / hour);
    if (window === this.window) return;
    this.window = window;
    this.used = 0;
  }
}
