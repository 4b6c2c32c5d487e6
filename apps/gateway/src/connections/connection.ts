import type { Provider, ProviderDefinition } from '@fleetgate/provider-spec';

/** One linked account at an upstream, ready to be called. */
export interface Connection {
  readonly slug: string;
  readonly definition: ProviderDefinition;
  /** slug of the team that it belongs to; null: everyone */
  readonly team: string | null;
  /** milliseconds between the end of one sync and the start of the next */
  readonly syncIntervalMs: number;
  /** wrapped by the runtime: deadlines, limits, retries and trace included */
  readonly provider: Provider;
}

/** Every connection this process knows. Iterates in the order of their slugs. */
export interface Connections {
  all(): readonly Connection[];
  find(slug: string): Connection | undefined;
}

/** The injection token of `Connections`. */
export const CONNECTIONS = Symbol('connections');
