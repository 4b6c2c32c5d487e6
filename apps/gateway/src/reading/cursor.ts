import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { invalidField } from '../answers/api-error.ts';
import type { Position } from '../inventory/inventory.ts';

const Payload = z.tuple([z.string(), z.string(), z.string()]);
const macBytes = 16;

/**
 * Cursors as callers see them: where a walk stands, sealed together with the list that it walks. One that was changed, or
 * taken from another list, filter, sort or caller's scope, is refused.
 */
export class Cursors {
  readonly #key: Buffer;

  constructor(secretKey: Buffer) {
    this.#key = Buffer.from(hkdfSync('sha256', secretKey, '', 'fleetgate list cursor', 32));
  }

  seal(list: string, position: Position): string {
    const payload = Buffer.from(JSON.stringify([this.#digest(list), position.value, position.id]));
    return Buffer.concat([this.#mac(payload), payload]).toString('base64url');
  }

  open(list: string, cursor: string): Position {
    const bytes = Buffer.from(cursor, 'base64url');
    const payload = bytes.subarray(macBytes);
    if (bytes.length <= macBytes || !timingSafeEqual(this.#mac(payload), bytes.subarray(0, macBytes))) {
      throw invalidField('cursor', 'is not one that this API gave');
    }
    const [of, value, id] = Payload.parse(JSON.parse(payload.toString()));
    if (of !== this.#digest(list)) {
      throw invalidField('cursor', 'belongs to another list: keep filters and sort as they were');
    }
    return { value, id };
  }

  #digest(list: string): string {
    return this.#mac(Buffer.from(list)).toString('base64url');
  }

  #mac(payload: Buffer): Buffer {
    return createHmac('sha256', this.#key).update(payload).digest().subarray(0, macBytes);
  }
}
