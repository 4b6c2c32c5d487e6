import type { Observer } from '@fleetgate/provider-runtime';

/** Whoever wants to hear of upstream calls; one that throws keeps nothing from the others. */
export class Observers implements Observer {
  readonly #all = new Set<Observer>();

  /** The result ends it. */
  add(observer: Observer): () => void {
    this.#all.add(observer);
    return () => void this.#all.delete(observer);
  }

  operation: NonNullable<Observer['operation']> = (event) => {
    this.#tell((one) => one.operation?.(event));
  };

  request: NonNullable<Observer['request']> = (event) => {
    this.#tell((one) => one.request?.(event));
  };

  #tell(hear: (observer: Observer) => void): void {
    for (const one of this.#all) {
      try {
        hear(one);
      } catch {
        // a call must not fail, nor another not hear of it, because one could not be told
      }
    }
  }
}
