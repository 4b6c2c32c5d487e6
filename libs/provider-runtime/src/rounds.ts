/** What is looked at now and then as long as it is under way; `now` is of `performance.now`. */
export interface Watched {
  /** for the rounds alone */
  seat: number;
  look(now: number): void;
}

/**
 * One timer for all that is under way: two for each would cost a call more than most of what is done for it. (No Set: see
 * `Row`.)
 */
export class Rounds<One extends Watched> implements Iterable<One> {
  readonly #all: One[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly everyMs: number) {}

  add(one: One): void {
    one.seat = this.#all.push(one) - 1;
    this.#timer ??= setInterval(() => this.#go(), this.everyMs).unref();
  }

  /** To be called once. */
  remove(one: One): void {
    const last = this.#all.pop() as One;
    if (last === one) return;
    this.#all[one.seat] = last;
    last.seat = one.seat;
  }

  /** Those that are there now. */
  [Symbol.iterator](): Iterator<One> {
    return [...this.#all][Symbol.iterator]();
  }

  #go(): void {
    if (this.#all.length === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    const now = performance.now();
    for (const one of this) one.look(now);
  }
}
