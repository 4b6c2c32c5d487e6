import type { Call } from './provider.ts';

/** What a provider is given; it reaches for nothing global. */
export interface Host {
  readonly send: Send;
  readonly clock: Clock;
  /** a number in [0, 1) */
  readonly random: () => number;
  /** session tokens, shared by every replica that holds the same connection */
  readonly tokens: TokenStore;
}

export interface Clock {
  /** milliseconds since the epoch */
  now(): number;
  /** Resolves after `ms` milliseconds; rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

/**
 * Sends one HTTP request and reads the whole answer. Any status is an answer. Rejects with a `Fault`: `unavailable`
 * (refused, reset, cut off), `timeout`, `unexpected` (an answer over the size bound). Follows no redirect. Adds
 * X-Request-Id and traceparent from the call, keeps the declared limits, and repeats a `repeatable` request that failed
 * in passing, within the call's deadline.
 */
export type Send = (request: OutgoingRequest, call: Call) => Promise<IncomingResponse>;

export interface OutgoingRequest {
  readonly method: string;
  /** absolute */
  readonly url: string;
  /** lower-case names; exactly these are sent, beside those that HTTP itself and tracing need */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** true: sending it again changes nothing upstream (every GET; a search by POST) */
  readonly repeatable: boolean;
  /** true: gets or renews a session, so that it goes out in a dry run as well */
  readonly preliminary?: boolean;
  /** bound on one attempt, in milliseconds, over connecting, headers and body */
  readonly timeoutMs: number;
}

export interface IncomingResponse {
  readonly status: number;
  /** lower-case names; only those that a provider has a use for */
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface StoredToken {
  readonly value: string;
  /** milliseconds since the epoch */
  readonly expiresAt: number;
}

export interface TokenStore {
  read(name: string): Promise<StoredToken | undefined>;
  write(name: string, token: StoredToken): Promise<void>;
  /** Runs `work` while nobody else, on any replica, is in `exclusive` of the same name. */
  exclusive<T>(name: string, work: () => Promise<T>): Promise<T>;
}
