import type { Call } from './provider.ts';

/** What proves to the upstream who we are: the headers that carry it, in lower case. Compared by `value`. */
export interface NativeCredential {
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The way to the upstream's own API, for calls that go through as they are. */
export interface NativeAccess {
  /** as the upstream documents it, without a trailing slash */
  readonly baseUrl: string;
  /** What is good for now without asking anybody; undefined or absent: `credential` has to be asked. */
  held?(): NativeCredential | undefined;
  /** Rejects with `Fault`. */
  credential(call: Call): Promise<NativeCredential>;
  /** Gives another one than the one that was refused; rejects with `unauthenticated` where there is nothing better. */
  renew(refused: NativeCredential, call: Call): Promise<NativeCredential>;
}
