import type { Clock } from '@fleetgate/provider-spec';

/** The machine's time, and as much more as it is turned on: who sleeps until a moment that has passed then wakes up. */
export class TurnedClock implements Clock {
  #offset = 0;
  readonly #sleepers = new Set<{ until: number; wake: () => void }>();

  now(): number {
    return Date.now() + this.#offset;
  }

  turn(ms: number): void {
    this.#offset += ms;
    for (const sleeper of [...this.#sleepers]) if (sleeper.until <= this.now()) sleeper.wake();
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer);
        this.#sleepers.delete(sleeper);
      };
      const sleeper = {
        until: this.now() + ms,
        wake: () => {
          leave();
          resolve();
        },
      };
      const timer = setTimeout(sleeper.wake, ms);
      this.#sleepers.add(sleeper);
      signal.addEventListener(
        'abort',
        () => {
          leave();
          reject(signal.reason);
        },
        { once: true },
      );
    });
  }
}
