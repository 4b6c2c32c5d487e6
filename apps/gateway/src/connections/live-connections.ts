import type { Connection, Connections } from './connection.ts';

/** The connections of the file, and those that come and go over the API. */
export class LiveConnections implements Connections {
  readonly #made = new Map<string, Connection>();
  #all: readonly Connection[];

  constructor(private readonly fixed: Connections) {
    this.#all = fixed.all();
  }

  all(): readonly Connection[] {
    return this.#all;
  }

  find(slug: string): Connection | undefined {
    return this.fixed.find(slug) ?? this.#made.get(slug);
  }

  /** Whether the file has one of that slug. */
  isFixed(slug: string): boolean {
    return this.fixed.find(slug) !== undefined;
  }

  put(connection: Connection): void {
    this.#made.set(connection.slug, connection);
    this.#order();
  }

  drop(slug: string): void {
    if (this.#made.delete(slug)) this.#order();
  }

  #order(): void {
    const made = [...this.#made.values()].filter(({ slug }) => !this.isFixed(slug));
    this.#all = [...this.fixed.all(), ...made].sort((a, b) => (a.slug < b.slug ? -1 : 1));
  }
}
