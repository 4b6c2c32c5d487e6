/** Whoever can stand in a row, in one at a time. The fields are the row's. */
export interface InRow<One> {
  row?: object | undefined;
  before?: One | undefined;
  after?: One | undefined;
}

/**
 * Who waits, in order of arrival. A Set does the same, and is no place for what comes and goes with every call: as it makes
 * itself anew, the ones that it was before are linked to it and keep what stood in them, so that each collection of new
 * garbage (tens a minute under load) has to copy all calls since the last collection of everything, and not those alone that are under way.
 */
export class Row<One extends InRow<One>> implements Iterable<One> {
  size = 0;
  first: One | undefined;
  #last: One | undefined;

  add(one: One): void {
    one.row = this;
    one.before = this.#last;
    if (this.#last) this.#last.after = one;
    else this.first = one;
    this.#last = one;
    this.size += 1;
  }

  /** False: it does not stand here. */
  delete(one: One): boolean {
    if (one.row !== this) return false;
    const { before, after } = one;
    if (before) before.after = after;
    else this.first = after;
    if (after) after.before = before;
    else this.#last = before;
    // Nothing that has left knows of what came after it.
    one.row = undefined;
    one.before = undefined;
    one.after = undefined;
    this.size -= 1;
    return true;
  }

  /** Those who stand here now. */
  *[Symbol.iterator](): Iterator<One> {
    const all: One[] = [];
    for (let one = this.first; one; one = one.after) all.push(one);
    yield* all;
  }
}
