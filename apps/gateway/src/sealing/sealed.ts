import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const algorithm = 'aes-256-gcm';
/** A sealed text begins with the version of this form and the id of its key. */
const version = 1;
export const keyIdBytes = 4;
const headBytes = 1 + keyIdBytes;
const nonceBytes = 12;
const tagBytes = 16;
const least = headBytes + nonceBytes + tagBytes;

/** A key of one purpose; `id` says which of the secret keys it comes from, and nothing about it. */
export interface SealingKey {
  readonly id: Buffer;
  /** 32 bytes */
  readonly bytes: Buffer;
}

/**
 * Encrypts texts of one purpose, each bound to the name that it is stored under: moved to another row, it cannot be opened.
 * Bytes: version, key id, nonce, tag, ciphertext.
 */
export class Sealed {
  /** `keys`: the first seals, all of them open. */
  constructor(private readonly keys: readonly [SealingKey, ...SealingKey[]]) {}

  seal(name: string, text: string): Buffer {
    const [{ id, bytes }] = this.keys;
    const head = Buffer.concat([Buffer.of(version), id]);
    const nonce = randomBytes(nonceBytes);
    const cipher = createCipheriv(algorithm, bytes, nonce).setAAD(boundTo(head, name));
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([head, nonce, cipher.getAuthTag(), sealed]);
  }

  /** undefined: it was sealed under a key that is not known here, or another name, or was changed since. */
  open(name: string, bytes: Buffer): string | undefined {
    if (bytes.length < least || bytes[0] !== version) return undefined;
    const head = bytes.subarray(0, headBytes);
    for (const key of this.keys) {
      if (!key.id.equals(head.subarray(1))) continue;
      const text = decrypted(key, boundTo(head, name), bytes);
      if (text !== undefined) return text;
    }
    return undefined;
  }

  /** Whether it is sealed under the key that seals now. */
  isCurrent(bytes: Buffer): boolean {
    const [{ id }] = this.keys;
    return bytes[0] === version && id.equals(bytes.subarray(1, headBytes));
  }
}

function boundTo(head: Buffer, name: string): Buffer {
  return Buffer.concat([head, Buffer.from(name)]);
}

function decrypted(key: SealingKey, bound: Buffer, bytes: Buffer): string | undefined {
  const nonceEnd = headBytes + nonceBytes;
  const tag = bytes.subarray(nonceEnd, nonceEnd + tagBytes);
  try {
    const decipher = createDecipheriv(algorithm, key.bytes, bytes.subarray(headBytes, nonceEnd))
      .setAAD(bound)
      .setAuthTag(tag);
    const text = decipher.update(bytes.subarray(nonceEnd + tagBytes));
    return Buffer.concat([text, decipher.final()]).toString('utf8');
  } catch {
    return undefined; // who asks says what it means that this cannot be opened
  }
}
