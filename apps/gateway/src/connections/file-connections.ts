import type { Connection, Connections } from './connection.ts';
import type { Connector } from './connector.ts';
import type { ConnectionConfig } from './file.ts';

/** The connections of the file. They are there for as long as the process is. */
export class FileConnections implements Connections {
  readonly #bySlug: ReadonlyMap<string, Connection>;
  readonly #all: readonly Connection[];

  constructor(configs: readonly ConnectionConfig[], connector: Connector) {
    this.#all = [...configs]
      .sort((a, b) => (a.slug < b.slug ? -1 : 1))
      .map((config) => {
        const { slug, provider, team, syncIntervalMs } = config;
        const definition = connector.definition(provider);
        if (!definition) throw new Error(`no provider ${provider} is installed`);
        return { slug, definition, team, syncIntervalMs, provider: connector.connect(definition, config) };
      });
    this.#bySlug = new Map(this.#all.map((connection) => [connection.slug, connection]));
  }

  all(): readonly Connection[] {
    return this.#all;
  }

  find(slug: string): Connection | undefined {
    return this.#bySlug.get(slug);
  }
}
