import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { invalidField } from '../answers/api-error.ts';
import type { Position } from '../inventory/inventory.ts';
import type { Keyring } from '../sealing/keyring.ts';

const Payload = z.tuple([z.string(), z.string()]);
const macBytes = 16;

/**
 * Cursors as callers see them: where a walk stands, sealed for the list that it walks. One that was changed, or taken from
 * another list, filter, sort or caller's scope, is refused.
 */
export class Cursors {
  readonly #keys: readonly KeyObject[];

  /** A walk goes on over a change of the secret key, as long as the one before is known. */
  constructor(keyring: Keyring) {
    this.#keys = keyring.keysFor('list cursor').map((bytes) => createSecretKey(bytes));
  }

  /** `list` is what makes the list the one it is; it is sealed with the position and does not travel. */
  seal(list: string, { value, id }: Position): string {
    const payload = JSON.stringify([value, id]);
    const mac = macOf(this.#keys[0] as KeyObject, list, payload);
    return Buffer.concat([mac, Buffer.from(payload)]).toString('base64url');
  }

  open(list: string, cursor: string): Position {
    const bytes = Buffer.from(cursor, 'base64url');
    const payload = bytes.toString('utf8', macBytes);
    const mac = bytes.subarray(0, macBytes);
    const fits =
      bytes.length > macBytes && this.#keys.some((key) => timingSafeEqual(macOf(key, list, payload), mac));
    if (!fits) {
      throw invalidField(
        'cursor',
        'is not one that this list gave; filters and sort have to stay as they were',
      );
    }
    const [value, id] = Payload.parse(JSON.parse(payload));
    return { value, id };
  }
}

function macOf(key: KeyObject, list: string, payload: string): Buffer {
  return createHmac('sha256', key).update(`${list.length} ${list}${payload}`).digest().subarray(0, macBytes);
}
