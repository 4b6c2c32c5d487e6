import type { Key, Kind } from '@fleetgate/model';

/** A message that an upstream has sent of its own accord. */
export interface Hook {
  /** names in lower case */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** as it came, since a signature is over its very characters */
  readonly body: string;
}

export interface HookSubject {
  readonly kind: Kind;
  readonly key: Key;
}

/** Messages by which the upstream says that something has happened. Present where the settings hold what proves whose they are. */
export interface Hooks {
  /**
   * What a message is about. That is all that is taken from it: what it says of the thing is not believed, the upstream is
   * asked. Throws `Fault`: `unauthenticated` where nothing proves that the upstream has sent it, and lately; `invalid` where
   * it does, and the message cannot be read.
   */
  read(hook: Hook): readonly HookSubject[];
}
