import { createHmac, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { invalidField } from '../answers/api-error.ts';
import type { Position } from '../inventory/inventory.ts';

const Payload = z.tuple([z.string(), z.string()]);
const macBytes = 16;

/**
 * Cursors as callers see them: where a walk stands, sealed for the list that it walks. One that was changed, or taken from
 * another list, filter, sort or caller's scope, is refused.
 */
export class Cursors {
  readonly #key: KeyObject;

  constructor(secretKey: Buffer) {
    const bytes = hkdfSync('sha256', secretKey, '', 'fleetgate list cursor', 32);
    this.#key = createSecretKey(Buffer.from(bytes));
  }

  /** `list` is what makes the list the one it is; it is sealed with the position and does not travel. */
  seal(list: string, { value, id }: Position): string {
    const payload = JSON.stringify([value, id]);
    return Buffer.concat([this.#mac(list, payload), Buffer.from(payload)]).toString('base64url');
  }

  open(list: string, cursor: string): Position {
    const bytes = Buffer.from(cursor, 'base64url');
    const payload = bytes.toString('utf8', macBytes);
    const fits =
      bytes.length > macBytes && timingSafeEqual(this.#mac(list, payload), bytes.subarray(0, macBytes));
    if (!fits) {
      throw invalidField(
        'cursor',
        'is not one that this list gave; filters and sort have to stay as they were',
      );
    }
    const [value, id] = Payload.parse(JSON.parse(payload));
    return { value, id };
  }

  #mac(list: string, payload: string): Buffer {
    return createHmac('sha256', this.#key)
      .update(`${list.length} ${list}${payload}`)
      .digest()
      .subarray(0, macBytes);
  }
}
