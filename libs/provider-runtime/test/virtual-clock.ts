import type { Clock } from '@fleetgate/provider-spec';

interface Sleeper {
  at: number;
  wake: () => void;
}

/** Time that moves only when a test says so; with `skipping`, every sleep is over at once and moves time by its length. */
export class VirtualClock implements Clock {
  readonly slept: number[] = [];
  private time = Date.parse('2026-03-01T09:30:00Z');
  private readonly sleepers = new Set<Sleeper>();

  constructor(private readonly skipping = false) {}

  now(): number {
    return this.time;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    this.slept.push(ms);
    if (this.skipping) {
      this.time += ms;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const stop = () => {
        this.sleepers.delete(sleeper);
        reject(signal.reason);
      };
      const wake = () => {
        signal.removeEventListener('abort', stop);
        this.sleepers.delete(sleeper);
        resolve();
      };
      const sleeper = { at: this.time + ms, wake };
      this.sleepers.add(sleeper);
      signal.addEventListener('abort', stop, { once: true });
    });
  }

  /** As an operator would; who sleeps does not notice. */
  setBack(ms: number): void {
    this.time -= ms;
    for (const sleeper of this.sleepers) sleeper.at -= ms;
  }

  get sleeping(): number {
    return this.sleepers.size;
  }

  /** Wakes whoever sleeps until then, in order, each at its own time. */
  async advance(ms: number): Promise<void> {
    await turn(); // what was begun before belongs to the time before
    const end = this.time + ms;
    for (;;) {
      const [next] = [...this.sleepers].sort((a, b) => a.at - b.at);
      if (!next || next.at > end) break;
      this.time = Math.max(this.time, next.at);
      next.wake();
      await turn();
    }
    this.time = end;
    await turn();
  }
}

/** Lets everything happen that waits for nothing but its turn. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Waits for something that the network has to bring; fails after ten seconds. */
export async function until(reached: () => boolean): Promise<void> {
  const end = performance.now() + 10_000;
  while (!reached()) {
    if (performance.now() > end) throw new Error(`never happened: ${reached}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A repeatable stream of numbers in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
