import type { IncomingMessage } from 'node:http';
import { v7 as uuidv7 } from 'uuid';

const acceptable = /^[A-Za-z0-9._-]{8,128}$/;

/** The caller's own X-Request-Id when it has the agreed form, else a new UUIDv7. */
export function requestIdOf(message: Pick<IncomingMessage, 'headers'>): string {
  const given = message.headers['x-request-id'];
  return typeof given === 'string' && acceptable.test(given) ? given : uuidv7();
}
