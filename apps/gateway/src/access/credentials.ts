import { createHash, randomBytes } from 'node:crypto';

export const keyPrefix = 'fg_live_';
export const loginPrefix = 'fg_login_';

/** 256 random bits behind a prefix that says what it is, so that a scanner for leaked secrets can tell too. */
export function newCredential(prefix: string): string {
  return `${prefix}${randomBytes(32).toString('base64url')}`;
}

export function isCredential(prefix: string, token: string): boolean {
  return token.length === prefix.length + 43 && token.startsWith(prefix);
}

/** What is kept of it. There is nothing to guess in 256 random bits, so a quick hash without salt is as good as any. */
export function hashOf(credential: string): Buffer {
  return createHash('sha256').update(credential).digest();
}
