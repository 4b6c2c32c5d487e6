import type { PlayFacts } from '../access/play/play-world.ts';

/** What a launcher hears from the gateway over its IPC channel. */
export type ParentMessage =
  | { type: 'progress'; step: string }
  | ({ type: 'ready' } & ReadyFacts)
  | { type: 'failed'; message: string };

export interface ReadyFacts {
  url: string;
  docsUrl: string;
  /** only where it lives in the data folder: one that was given by the environment is the caller's to know */
  rootKey?: string;
  rootKeyFile?: string;
  /** teams to play with: only with the sandbox */
  play?: PlayFacts;
  /** connections whose every kind is fresh, of all */
  sources: { fresh: number; total: number };
}

/** Tells the launcher; resolves to whether there is one that was told. */
export function tellParent(message: ParentMessage): Promise<boolean> {
  return new Promise((resolve) => {
    if (!process.send || !process.connected) return resolve(false);
    process.send(message, (error: Error | null) => resolve(error === null)); // one that is gone is missed elsewhere
  });
}
