import type { Clock, StoredToken, TokenStore } from '@fleetgate/provider-spec';

/** more accounts than one process serves; what is dropped costs one login */
const defaultMaxTokens = 10_000;

/**
 * Tokens of one process. Ended tokens are never answered; beyond `maxTokens` the one that was written first goes.
 * For several replicas use a store that they share.
 */
export function memoryTokens(clock: Clock, maxTokens = defaultMaxTokens): TokenStore {
  const tokens = new Map<string, StoredToken>();
  /** the end of the line for each name, as long as somebody stands in it */
  const lines = new Map<string, Promise<void>>();

  return {
    async read(name) {
      const token = tokens.get(name);
      if (token && token.expiresAt <= clock.now()) {
        tokens.delete(name);
        return undefined;
      }
      return token;
    },
    async write(name, token) {
      tokens.delete(name); // so that it becomes the youngest
      tokens.set(name, token);
      for (const oldest of tokens.keys()) {
        if (tokens.size <= maxTokens) break;
        tokens.delete(oldest);
      }
    },
    async exclusive(name, work) {
      const before = lines.get(name);
      const turn = Promise.withResolvers<void>();
      lines.set(name, turn.promise);
      await before;
      try {
        return await work();
      } finally {
        if (lines.get(name) === turn.promise) lines.delete(name);
        turn.resolve();
      }
    },
  };
}
