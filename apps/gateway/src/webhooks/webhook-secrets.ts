import { randomBytes } from 'node:crypto';
import { Webhook as Signer } from 'standardwebhooks';
import { z } from 'zod';
import type { Keyring } from '../sealing/keyring.ts';
import type { Sealed } from '../sealing/sealed.ts';
import { webhookSecrets } from '../sealing/sealed-columns.ts';

const prefix = 'whsec_';
/** Bytes of a secret, as Standard Webhooks asks for. */
const bytes = { made: 32, least: 24, most: 64 };

/** What callers may bring: a secret of Standard Webhooks, or any text, whose characters are the key as they stand. */
export const OwnSecret = z
  .string()
  .regex(/^[\x21-\x7e]{16,256}$/, { error: 'must be 16 to 256 printable characters without spaces' })
  .refine((text) => !text.startsWith(prefix) || isEncoded(text.slice(prefix.length)), {
    error: `must be ${bytes.least} to ${bytes.most} bytes in base64 after ${prefix}`,
  });

function isEncoded(text: string): boolean {
  const decoded = Buffer.from(text, 'base64');
  return decoded.toString('base64') === text && decoded.length >= bytes.least && decoded.length <= bytes.most;
}

export function newSecret(): string {
  return prefix + randomBytes(bytes.made).toString('base64');
}

/** As they are stored: that of now, and that of before. */
export interface StoredSecrets {
  readonly id: string;
  readonly secrets: Buffer;
  /** whether the one of before still signs */
  readonly withPrevious: boolean;
}

interface Secrets {
  readonly current: string;
  readonly previous?: string;
}

/** Keeps the secrets of webhooks, and signs with them. */
export class WebhookSecrets {
  readonly #sealed: Sealed;

  constructor(keyring: Keyring) {
    this.#sealed = keyring.sealed(webhookSecrets.purpose);
  }

  /** `stored`: those of which the current one becomes the one of before. */
  seal(id: string, current: string, stored?: Buffer): Buffer {
    const secrets: Secrets = stored ? { current, previous: this.#open(id, stored).current } : { current };
    return this.#sealed.seal(id, JSON.stringify(secrets));
  }

  /** The signature header: one signature with each secret that is good. */
  sign(
    { id, secrets, withPrevious }: StoredSecrets,
    message: { id: string; at: Date; body: string },
  ): string {
    const { current, previous } = this.#open(id, secrets);
    const good = withPrevious && previous !== undefined ? [current, previous] : [current];
    return good.map((secret) => signerOf(secret).sign(message.id, message.at, message.body)).join(' ');
  }

  #open(id: string, stored: Buffer): Secrets {
    const text = this.#sealed.open(id, stored);
    if (text !== undefined) return JSON.parse(text) as Secrets;
    throw new Error(
      'the secrets of a webhook cannot be opened: they were sealed under a secret key that is not known',
    );
  }
}

function signerOf(secret: string): Signer {
  return secret.startsWith(prefix) ? new Signer(secret) : new Signer(secret, { format: 'raw' });
}
