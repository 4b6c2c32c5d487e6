import type { ServerResponse } from 'node:http';

/** How long an idle connection may stay, in milliseconds; the server has to be made with it. */
export const keepAliveTimeout = 72_000;

/** Where Node keeps the head of an answer until it goes out with the first of the body. It has no public name for it. */
type Unsent = ServerResponse & { _header: string | null };

const keptOpen = `Connection: keep-alive\r\nKeep-Alive: timeout=${keepAliveTimeout / 1000}\r\n\r\n`;
let second = 0;
let closing = '';

/** The inverse of `linesOf`. */
export function headersOf(lines: string): string[] {
  return lines
    .split('\r\n')
    .slice(0, -1)
    .flatMap((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]);
}

/** Headers (name, value, name, …) as lines of a head. Nothing checks them: each value has to be made of what we know. */
export function linesOf(headers: readonly string[]): string {
  let lines = '';
  for (let at = 0; at < headers.length; at += 2) lines += `${headers[at]}: ${headers[at + 1]}\r\n`;
  return lines;
}

/**
 * Gives an answer its head as text: the status line and the lines of `linesOf`. Node's `writeHead` checks and compares every
 * name and value, which for a ready answer costs as much as finding it; here they are ours, and were made once. It is the
 * same head, in the same order (quick-head.test.ts), and where the connection does not stay
 * open, or the caller is an old one, it is Node that makes it. `dated`: the lines have a Date already.
 */
export function quickHead(
  response: ServerResponse,
  status: number,
  lines: string,
  now: number,
  dated = false,
): void {
  // The second is so for every caller of HTTP/1.1.
  if (!response.shouldKeepAlive || !response.useChunkedEncodingByDefault) {
    response.writeHead(status, headersOf(lines.slice(lines.indexOf('\r\n') + 2)));
    return;
  }
  if (now - second >= 1000 || now < second) {
    second = now - (now % 1000);
    closing = `Date: ${new Date(now).toUTCString()}\r\n${keptOpen}`;
  }
  response.statusCode = status;
  (response as Unsent)._header = lines + (dated ? keptOpen : closing);
}
