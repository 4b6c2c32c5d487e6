/** What a launcher hears from the gateway over its IPC channel. */
export type ParentMessage =
  | { type: 'progress'; step: string }
  | {
      type: 'ready';
      url: string;
      docsUrl: string;
      /** only where it lives in the data folder: one that was given by the environment is the caller's to know */
      rootKey?: string;
      rootKeyFile?: string;
      sources: { fresh: number; total: number };
    }
  | { type: 'failed'; message: string };

/** Tells the launcher, if there is one. */
export function tellParent(message: ParentMessage): Promise<void> {
  return new Promise((resolve) => {
    if (!process.send || !process.connected) return resolve();
    process.send(message, () => resolve()); // a launcher that is gone cannot be told, and is missed elsewhere
  });
}
