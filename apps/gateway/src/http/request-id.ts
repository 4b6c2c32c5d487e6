import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const acceptable = /^[A-Za-z0-9._-]{8,128}$/;

/** The caller's own X-Request-Id when it has the agreed form, else a new UUIDv7. */
export function requestIdOf(message: Pick<IncomingMessage, 'headers'>): string {
  const given = message.headers['x-request-id'];
  return requestIdFrom(typeof given === 'string' ? given : undefined);
}

export function requestIdFrom(given: string | undefined): string {
  return given !== undefined && acceptable.test(given) ? given : uuidv7();
}

/**
 * RFC 9562, version 7: milliseconds since the epoch, then random bits, which are those of a version 4 that Node has in store.
 * (The uuid package makes one in 1.5 µs; a ready answer as a whole takes little more than ten.)
 */
export function uuidv7(): string {
  const time = Date.now().toString(16).padStart(12, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
