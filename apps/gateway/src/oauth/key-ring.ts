import type { JWK } from 'jose';

/** `next` is published before it signs, `previous` after it did, so that whoever keeps a copy of the ring always has the key. */
export type KeyState = 'next' | 'current' | 'previous';

export interface RingKey {
  readonly kid: string;
  readonly state: KeyState;
  readonly createdAt: string;
  /** when no token that it signed is left; null: it does, or will, sign */
  readonly retiresAt: string | null;
  readonly privateKey: JWK;
}

/** The keys of the OAuth server at one moment; the one that signs comes first. */
export interface KeyRing {
  readonly keys: readonly RingKey[];
  /** another one for every other ring */
  readonly fingerprint: string;
}

export function signingKey(ring: KeyRing): RingKey {
  return ring.keys[0] as RingKey;
}
