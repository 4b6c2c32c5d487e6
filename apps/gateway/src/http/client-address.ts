import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';

/**
 * Where the request came from. X-Forwarded-For counts only as far as the proxies of FLEETGATE_TRUSTED_PROXIES wrote it
 * (Fastify reads it from the right, up to the first address that is none of theirs).
 */
export function clientAddress(request: FastifyRequest): string {
  const { ip } = request;
  // A trusted proxy that passes on what it was given may pass on anything.
  const address = isIP(ip) === 0 ? (request.socket.remoteAddress ?? 'unknown') : ip;
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}
