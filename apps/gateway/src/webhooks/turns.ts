/** Does a piece of work one at a time, however often it is asked for: once more where it was asked for meanwhile. */
export class Turns {
  #working: Promise<void> | undefined;
  #again = false;
  #ended = false;

  /** `work` must not reject. */
  constructor(private readonly work: () => Promise<void>) {}

  wake(): void {
    if (this.#ended) return;
    if (this.#working) this.#again = true;
    else this.#working = this.#run().finally(() => (this.#working = undefined));
  }

  /** Resolves when what is under way has ended; nothing begins after. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.#working;
  }

  async #run(): Promise<void> {
    do {
      this.#again = false;
      await this.work();
    } while (this.#again && !this.#ended);
  }
}
