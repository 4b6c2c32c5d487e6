import { STATUS_CODES } from 'node:http';
import { type Answer, WireError } from '../core/emulator.ts';

/**
 * NestJS's own error bodies. A missing or wrong key and a gone application both answer 500 without an `error` member, as observed;
 * 400 is the only error of the published document.
 */
export function nestError(status: number, message?: string | readonly string[]): Answer {
  if (status === 500) return { status, body: { statusCode: 500, message: 'Internal server error' } };
  if (status === 429)
    return { status, body: { statusCode: 429, message: 'ThrottlerException: Too Many Requests' } };
  const reason = STATUS_CODES[status] ?? 'Error';
  return { status, body: { statusCode: status, message: message ?? reason, error: reason } };
}

/** Nest's answer for a path or method that it does not have. */
export function cannot(method: string, url: string): Answer {
  return nestError(404, `Cannot ${method} ${url}`);
}

/** A refused credential: observed as 500, not 401. */
export function refused(): Answer {
  return nestError(500);
}

/** Assumption: a cluster, deployment or release that is not there is a plain 404; nobody has published what really comes. */
export function notFound(): WireError {
  return new WireError(nestError(404));
}

/** A deployed application that was deleted: clients in the field take 500 for "gone". */
export function goneApplication(): WireError {
  return new WireError(nestError(500));
}

export function badRequest(messages: readonly string[]): WireError {
  return new WireError(nestError(400, messages));
}
