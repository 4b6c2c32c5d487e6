/** A gateway that is wired and works in the background, as the boot sees it. */
export interface AppHandle {
  listen(): Promise<{ url: string }>;
  /** Waits, at most so many milliseconds, until every source was synced or has failed once. */
  firstSync(timeoutMs: number): Promise<{ fresh: number; total: number }>;
  /** Stops taking requests, lets those under way finish, and ends the background work. */
  close(): Promise<void>;
}
