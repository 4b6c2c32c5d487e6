import { hkdfSync } from 'node:crypto';
import { keyIdBytes, Sealed, type SealingKey } from './sealed.ts';

/**
 * The secret key, and those that came before it. The first seals; the others only open what they sealed, until all of it was
 * encrypted anew (`npm run reencrypt`). Every purpose has keys of its own, derived from these.
 */
export class Keyring {
  readonly #secretKeys: readonly [Buffer, ...Buffer[]];

  /** 32 bytes each */
  constructor(primary: Buffer, old: readonly Buffer[] = []) {
    this.#secretKeys = [primary, ...old];
  }

  sealed(purpose: string): Sealed {
    return new Sealed(
      this.#secretKeys.map(
        (secretKey): SealingKey => ({
          id: derived(secretKey, 'fleetgate key id', keyIdBytes),
          bytes: derived(secretKey, `fleetgate ${purpose}`, 32),
        }),
      ) as [SealingKey, ...SealingKey[]],
    );
  }

  /** 32 bytes for each secret key, the first first: for whatever is not encrypted (a MAC). */
  keysFor(purpose: string): readonly [Buffer, ...Buffer[]] {
    return this.#secretKeys.map((secretKey) => derived(secretKey, `fleetgate ${purpose}`, 32)) as [
      Buffer,
      ...Buffer[],
    ];
  }
}

function derived(secretKey: Buffer, info: string, bytes: number): Buffer {
  return Buffer.from(hkdfSync('sha256', secretKey, '', info, bytes));
}
