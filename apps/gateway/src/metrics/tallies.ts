/** How many answers of one kind there were; whoever gives one adds to it, which costs nothing. */
export interface Tally {
  given: number;
}

export interface Answered {
  /** as it is registered, like /v1/clusters/:id; none: no route was found */
  readonly route: string;
  readonly method: string;
  /** aborted: the caller went away before the answer */
  readonly status: string;
  /** yes: the answer was ready, and no handler was asked */
  readonly ready: 'yes' | 'no';
}

/** Counts of answers, kept as plain numbers that are read only when somebody looks. */
export class Tallies {
  readonly #all = new Map<string, { readonly answered: Answered; readonly tally: Tally }>();

  of(route: string, method: string, status: number | 'aborted', ready: Answered['ready'] = 'no'): Tally {
    const name = `${route} ${method} ${status} ${ready}`;
    let entry = this.#all.get(name);
    if (!entry) {
      entry = { answered: { route, method, status: String(status), ready }, tally: { given: 0 } };
      this.#all.set(name, entry);
    }
    return entry.tally;
  }

  *[Symbol.iterator](): Iterator<readonly [Answered, number]> {
    for (const { answered, tally } of this.#all.values()) yield [answered, tally.given];
  }
}
