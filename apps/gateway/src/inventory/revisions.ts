import type { Kind } from '@fleetgate/model';
import { Injectable } from '@nestjs/common';

/** The kind under which the revision of a source's state is counted. */
export const sourceKind = '';
/** The connection under which the revisions of those that are gone are counted together. */
export const nobody = '';

interface Noted {
  readonly revision: number;
  /** when, by the count of notes */
  readonly at: number;
}

/**
 * How often the inventory has changed, as far as this process has heard: its own commits at once, those of others as soon
 * as the database notifies of them. Every replica that has heard everything counts the same. Counts only ever go up.
 */
@Injectable()
export class Revisions {
  readonly #byKind = new Map<string, Map<string, Noted>>();
  readonly #sums = new Map<string, number>();
  #notes = 0;
  #relinks = 0;
  #trusted = false;

  /** False while changes of others may go unheard: nothing may then be answered from a cache. */
  get trusted(): boolean {
    return this.#trusted;
  }

  /** Changes whenever a row of those kinds, the state of any source, or the connections of this process have changed. */
  of(kinds: readonly Kind[]): number {
    return this.data(kinds) + (this.#sums.get(sourceKind) ?? 0) + this.#relinks;
  }

  /** Changes whenever a row of those kinds has changed. */
  data(kinds: readonly Kind[]): number {
    let sum = 0;
    for (const kind of kinds) sum += this.#sums.get(kind) ?? 0;
    return sum;
  }

  /** Takes note of a revision; one that is older than what is known changes nothing. */
  note(connection: string, kind: string, revision: number): void {
    const connections = this.#connections(kind);
    const known = connections.get(connection)?.revision ?? 0;
    if (revision < known || revision === 0) return;
    this.#notes += 1;
    connections.set(connection, { revision, at: this.#notes });
    this.#sums.set(kind, (this.#sums.get(kind) ?? 0) + revision - known);
  }

  /** A connection is gone; `folded` are the revisions of nobody since. */
  fold(connection: string, folded: Readonly<Record<string, number>>): void {
    for (const [kind, revision] of Object.entries(folded)) {
      const connections = this.#connections(kind);
      if (revision <= (connections.get(nobody)?.revision ?? 0)) continue; // it was read already
      this.#step(kind, () => {
        this.note(nobody, kind, revision);
        this.#forget(connections, kind, connection);
      });
    }
  }

  /** To be had before everything is read, and handed over with what was read. */
  mark(): number {
    return this.#notes;
  }

  /** Takes in every revision that there is. What is not among them, and was not noted since the mark, is gone. */
  takeAll(
    rows: readonly (readonly [connection: string, kind: string, revision: number])[],
    mark: number,
  ): void {
    const read = new Set(rows.map(([connection, kind]) => `${kind} ${connection}`));
    const kinds = new Set([...this.#byKind.keys(), ...rows.map(([, kind]) => kind)]);
    for (const kind of kinds) {
      this.#step(kind, () => {
        for (const [connection, one, revision] of rows)
          if (one === kind) this.note(connection, kind, revision);
        const connections = this.#connections(kind);
        for (const [connection, { at }] of connections) {
          if (at <= mark && !read.has(`${kind} ${connection}`)) this.#forget(connections, kind, connection);
        }
      });
    }
  }

  /** The connections of this process have changed. */
  relinked(): void {
    this.#relinks += 1;
  }

  trust(trusted: boolean): void {
    this.#trusted = trusted;
  }

  #connections(kind: string): Map<string, Noted> {
    let connections = this.#byKind.get(kind);
    if (!connections) {
      connections = new Map();
      this.#byKind.set(kind, connections);
    }
    return connections;
  }

  #forget(connections: Map<string, Noted>, kind: string, connection: string): void {
    const known = connections.get(connection)?.revision ?? 0;
    if (connections.delete(connection)) this.#sums.set(kind, (this.#sums.get(kind) ?? 0) - known);
  }

  /** A sum that went down could come to a value that it had before, under which something old is kept. */
  #step(kind: string, work: () => void): void {
    const before = this.#sums.get(kind) ?? 0;
    work();
    const after = this.#sums.get(kind) ?? 0;
    if (after < before) this.#sums.set(kind, before + 1);
  }
}
