/**
 * The first instant of every emulated world: 2026-01-01T00:00:00Z in ms since the Unix epoch. Seeded objects were created in the year
 * before it, whatever the time of day, so that a restart shows the same objects with the same times.
 */
export const worldEpoch = Date.UTC(2026, 0, 1);

const year = 365 * 24 * 60 * 60 * 1000;

/** What emulators see of time. */
export interface Clock {
  /** ms since the Unix epoch, virtual. */
  now(): number;
}

export interface ClockOptions {
  /** True: stands still at the start time until advanced. */
  frozen: boolean;
  /** Source of real time in ms; also the start time of the virtual clock, but never before `worldEpoch`. */
  now: () => number;
  /** Start time in ms, instead of what `now` says. */
  startAt?: number;
}

/** A clock that runs with real time or stands still, and can be pushed forward. It never goes backwards. */
export class VirtualClock implements Clock {
  private offset: number;
  private stoppedAt: number | null;
  private readonly realNow: () => number;

  constructor(options: ClockOptions) {
    this.realNow = options.now;
    const start = Math.max(worldEpoch, options.startAt ?? options.now());
    this.offset = start - options.now();
    this.stoppedAt = options.frozen ? start : null;
  }

  now(): number {
    return this.stoppedAt ?? this.realNow() + this.offset;
  }

  /** Moves the clock `ms` milliseconds on (at least 0), running or frozen. */
  advance(ms: number): void {
    if (!Number.isFinite(ms) || ms < 0)
      throw new RangeError('advance wants a number of milliseconds, 0 or more');
    if (this.stoppedAt === null) this.offset += ms;
    else this.stoppedAt += ms;
  }

  freeze(): void {
    this.stoppedAt ??= this.now();
  }

  run(): void {
    if (this.stoppedAt === null) return;
    this.offset = this.stoppedAt - this.realNow();
    this.stoppedAt = null;
  }
}

/** A moment in the year before `worldEpoch`, ms; `share` 0..1 is how far into that year. */
export function inSeedYear(share: number): number {
  return worldEpoch - year + Math.floor(share * year);
}

/** RFC 3339, UTC, milliseconds. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
