import { createHmac } from 'node:crypto';
import { ApiError } from '../answers/api-error.ts';

const longest = 255;

/**
 * The key of an Idempotency-Key header: a Structured Field string ("8e03978e-…", as the draft has it), or the same without
 * quotes, as most clients send it.
 */
export function idempotencyKeyOf(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  const text = Array.isArray(header) ? header.join(',') : header.trim();
  const quoted = /^"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/.exec(text)?.[1];
  const key = quoted === undefined ? text : quoted.replace(/\\(["\\])/g, '$1');
  const fits =
    key.length > 0 && key.length <= longest && (quoted !== undefined || /^[\x21-\x7e]+$/.test(key));
  if (fits && (quoted !== undefined || !/["\\,]/.test(key))) return key;
  throw new ApiError(
    'bad_request',
    `Idempotency-Key must be 1 to ${longest} printable characters, in double quotes or without spaces`,
    { details: [{ field: 'Idempotency-Key', message: 'cannot be read' }] },
  );
}

/** What makes two requests the same one. It is made with a secret, as a body may hold a password, which could be guessed. */
export function fingerprintOf(secret: Buffer, method: string, url: string, body: unknown): Buffer {
  return createHmac('sha256', secret)
    .update(`${method} ${url}\n${canonicalJson(body)}`)
    .digest();
}

/** Equal values give equal text, whatever the order of their names. */
function canonicalJson(value: unknown): string {
  return (
    JSON.stringify(value, (_name, part: unknown) =>
      typeof part === 'object' && part !== null && !Array.isArray(part)
        ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
        : part,
    ) ?? ''
  );
}
