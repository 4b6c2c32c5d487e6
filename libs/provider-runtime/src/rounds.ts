/** What is looked at now and then as long as it is under way; `now` is of `performance.now`. */
export interface Watched {
  look(now: number): void;
}

/** One timer for all that is under way: two for each would cost a call more than most of what is done for it. */
export class Rounds<One extends Watched> implements Iterable<One> {
  readonly #all = new Set<One>();
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly everyMs: number) {}

  add(one: One): void {
    this.#all.add(one);
    this.#timer ??= setInterval(() => this.#go(), this.everyMs).unref();
  }

  remove(one: One): void {
    this.#all.delete(one);
  }

  /** Those that are there now. */
  [Symbol.iterator](): Iterator<One> {
    return [...this.#all][Symbol.iterator]();
  }

  #go(): void {
    if (this.#all.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    const now = performance.now();
    for (const one of this) one.look(now);
  }
}
