import {
  connectProvider,
  createTransport,
  type Observer,
  systemClock,
  type Transport,
} from '@fleetgate/provider-runtime';
import type { ProviderDefinition, TokenStore } from '@fleetgate/provider-spec';
import type { Logger } from 'pino';
import type { Connection, Connections } from './connection.ts';
import type { ConnectionConfig } from './file.ts';

export interface LinkOptions {
  readonly connections: readonly ConnectionConfig[];
  readonly providers: readonly ProviderDefinition[];
  readonly tokens: TokenStore;
  readonly logger: Logger;
}

/** The configured connections, each joined to its provider through the runtime, over one transport. */
export class LinkedConnections implements Connections {
  readonly #bySlug: ReadonlyMap<string, Connection>;
  readonly #all: readonly Connection[];
  readonly #transport: Transport;

  constructor({ connections, providers, tokens, logger }: LinkOptions) {
    this.#transport = createTransport();
    const observer = upstreamLog(logger);
    this.#all = [...connections]
      .sort((a, b) => (a.slug < b.slug ? -1 : 1))
      .map(({ slug, provider, team, syncIntervalMs, settings }) => {
        const definition = providers.find(({ id }) => id === provider);
        if (!definition) throw new Error(`no provider ${provider} is installed`);
        return {
          slug,
          definition,
          team,
          syncIntervalMs,
          provider: connectProvider({
            connection: slug,
            definition,
            settings,
            transport: this.#transport,
            clock: systemClock,
            random: Math.random,
            tokens,
            observer,
          }),
        };
      });
    this.#bySlug = new Map(this.#all.map((connection) => [connection.slug, connection]));
  }

  all(): readonly Connection[] {
    return this.#all;
  }

  find(slug: string): Connection | undefined {
    return this.#bySlug.get(slug);
  }

  close(): Promise<void> {
    return this.#transport.close();
  }
}

/** Every upstream request is a line at debug; one that failed is a warning. That something is not there is an answer. */
function upstreamLog(logger: Logger): Observer {
  return {
    request(event) {
      const { connection, operation, requestId, attempt, method, url, status, fault, message } = event;
      const facts = {
        requestId,
        connection,
        operation,
        method,
        url,
        attempt,
        status,
        ms: Math.round(event.ms * 10) / 10,
      };
      if (fault !== undefined) logger.warn({ ...facts, fault, reason: message }, 'upstream request failed');
      else if (status !== undefined && status >= 400 && status !== 404)
        logger.warn(facts, 'upstream request refused');
      else logger.debug(facts, 'upstream request');
    },
  };
}
