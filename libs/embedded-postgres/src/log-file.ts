import { closeSync, fstatSync, openSync, readSync, statSync, truncateSync } from 'node:fs';

/** Larger than this, the log is emptied. */
const longest = 16 * 1024 * 1024;
const checkEveryMs = 60_000;

/** An empty file for the server's output. The server appends, so that emptying it later leaves no hole. */
export function openLog(path: string): number {
  closeSync(openSync(path, 'w', 0o600));
  return openSync(path, 'a', 0o600);
}

/** The last 16 KiB. */
export function logTail(path: string): string {
  const handle = openSync(path, 'r');
  try {
    const { size } = fstatSync(handle);
    const length = Math.min(size, 16 * 1024);
    const bytes = Buffer.alloc(length);
    readSync(handle, bytes, 0, length, size - length);
    return bytes.toString('utf8');
  } finally {
    closeSync(handle);
  }
}

/** Keeps the log bounded for as long as the returned function is not called. Does not keep the process alive. */
export function boundLog(path: string): () => void {
  const timer = setInterval(() => {
    try {
      if (statSync(path).size > longest) truncateSync(path);
    } catch {
      // somebody removed or closed the file: a log that cannot be kept short must not end the process
    }
  }, checkEveryMs);
  timer.unref();
  return () => clearInterval(timer);
}
