import type { PlayFacts } from '../access/play/play-world.ts';

/** A gateway that is wired and works in the background, as the boot sees it. */
export interface AppHandle {
  listen(): Promise<{ url: string }>;
  /** Waits, at most so many milliseconds, until every source was synced or has failed once. */
  firstSync(timeoutMs: number): Promise<{ fresh: number; total: number }>;
  /** The teams, users and keys to play with, where there are some. */
  play?(): PlayFacts | undefined;
  /** Stops taking requests, lets those under way finish, and ends the background work. */
  close(): Promise<void>;
}
