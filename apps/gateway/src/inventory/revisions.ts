import type { Kind } from '@fleetgate/model';
import { Injectable } from '@nestjs/common';

/** The kind under which the revision of a source's state is counted. */
export const sourceKind = '';

/**
 * How often the inventory has changed, as far as this process has heard: its own commits at once, those of others as soon
 * as the database notifies of them. Every replica that has heard everything counts the same.
 */
@Injectable()
export class Revisions {
  readonly #byKind = new Map<string, Map<string, number>>();
  readonly #sums = new Map<string, number>();
  #trusted = false;

  /** False while changes of others may go unheard: nothing may then be answered from a cache. */
  get trusted(): boolean {
    return this.#trusted;
  }

  /** Changes whenever a row of those kinds, or the state of any source, has changed. */
  of(kinds: readonly Kind[]): number {
    return this.data(kinds) + (this.#sums.get(sourceKind) ?? 0);
  }

  /** Changes whenever a row of those kinds has changed. */
  data(kinds: readonly Kind[]): number {
    let sum = 0;
    for (const kind of kinds) sum += this.#sums.get(kind) ?? 0;
    return sum;
  }

  /** Takes note of a revision; one that is older than what is known changes nothing. */
  note(connection: string, kind: string, revision: number): void {
    let connections = this.#byKind.get(kind);
    if (!connections) {
      connections = new Map();
      this.#byKind.set(kind, connections);
    }
    const known = connections.get(connection) ?? 0;
    if (revision <= known) return;
    connections.set(connection, revision);
    this.#sums.set(kind, (this.#sums.get(kind) ?? 0) + revision - known);
  }

  trust(trusted: boolean): void {
    this.#trusted = trusted;
  }
}
