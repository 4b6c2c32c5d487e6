import { createHmac, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Keyring } from '../sealing/keyring.ts';

/** Tokens for the forms of one login under way: nobody who has not been shown the form can send it. */
@Injectable()
export class FormTokens {
  readonly #keys: readonly [Buffer, ...Buffer[]];

  constructor(keyring: Keyring) {
    this.#keys = keyring.keysFor('oauth forms');
  }

  of(uid: string): string {
    return mac(this.#keys[0], uid).toString('base64url');
  }

  isOf(uid: string, token: string | undefined): boolean {
    const given = Buffer.from(token ?? '', 'base64url');
    return this.#keys.some((key) => {
      const expected = mac(key, uid);
      return given.length === expected.length && timingSafeEqual(given, expected);
    });
  }
}

function mac(key: Buffer, uid: string): Buffer {
  return createHmac('sha256', key).update(uid).digest();
}
