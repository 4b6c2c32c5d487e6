import { hash as digest } from 'node:crypto';
import { cleanText } from './text.ts';

/** Longest token that is kept as it is, in UTF-16 units; indexes take no more than about 2.6 kB. */
const maxLength = 400;

/** One label as it is indexed and looked for. Long ones are told apart by a digest of their whole text. */
export function labelToken(key: string, value: string): string {
  const token = cleanText(`${key}:${value}`);
  if (token.length <= maxLength) return token;
  return `${cleanText(token.slice(0, maxLength - 70))}#${digest('sha256', token, 'hex')}`;
}
