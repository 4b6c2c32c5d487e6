import type { ConnectedProvider } from '@fleetgate/provider-runtime';
import type { ProviderDefinition } from '@fleetgate/provider-spec';

/** One linked account at an upstream, ready to be called. */
export interface Connection {
  readonly slug: string;
  readonly definition: ProviderDefinition;
  /** slug of the team that it belongs to; null: everyone */
  readonly team: string | null;
  /** milliseconds between the end of one sync and the start of the next */
  readonly syncIntervalMs: number;
  /** wrapped by the runtime: deadlines, limits, retries and trace included */
  readonly provider: ConnectedProvider;
  /** absent: it stands in the file of connections */
  readonly made?: Made;
}

/** What a connection has beside, that was made over the API. */
export interface Made {
  /** of its row; unlike a slug it is never used again */
  readonly id: string;
  /** how often it has changed */
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  /** what may be shown of its settings */
  readonly settings: Readonly<Record<string, unknown>>;
  /** names of the secret settings that are set */
  readonly secrets: readonly string[];
  /** aborted when it was changed or removed: who works with this object for long, should go on with the next one */
  readonly superseded: AbortSignal;
}

/** What the inventory's rows of a connection belong to: another one of the same slug is another link. */
export function linkOf({ made }: Pick<Connection, 'made'>): string {
  return made?.id ?? '';
}

/** Every connection this process knows. Iterates in the order of their slugs. */
export interface Connections {
  all(): readonly Connection[];
  find(slug: string): Connection | undefined;
}

/** The injection token of `Connections`. */
export const CONNECTIONS = Symbol('connections');
