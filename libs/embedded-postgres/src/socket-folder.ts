import { createHash } from 'node:crypto';
import { chownSync, lstatSync, mkdirSync, mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Account } from './account.ts';

/** A unix socket's path may have 107 bytes on Linux and 103 on macOS; the name of the lock file beside it is longer. */
const longestPath = 103;

/**
 * The folder of the socket, closed to everyone else: in the data folder, or in the system's folder for temporary files
 * when that path would be too long for a socket.
 */
export function prepareSocketFolder(folder: string, port: number, account: Account): string {
  const near = join(folder, 'run');
  if (fits(near, port)) return ownFolder(near, account);
  const name = `fleetgate-${createHash('sha256').update(folder).digest('hex').slice(0, 16)}`;
  const base = fits(join(tmpdir(), `${name}-xxxxxx`), port) ? tmpdir() : '/tmp';
  const far = join(base, name);
  // Anybody may have made that name before us: then a name that nobody can foresee.
  return ownFolder(isForeign(far, account) ? mkdtempSync(`${far}-`) : far, account);
}

function fits(socketFolder: string, port: number): boolean {
  return Buffer.byteLength(join(socketFolder, `.s.PGSQL.${port}`)) <= longestPath;
}

function isForeign(path: string, account: Account): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  return (
    !stat.isDirectory() || stat.uid !== (account.ids.uid ?? process.getuid?.()) || (stat.mode & 0o077) !== 0
  );
}

/** Makes a folder that only `account` (and root) may enter. */
export function ownFolder(path: string, account: Account): string {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if (account.ids.uid !== undefined) chownSync(path, account.ids.uid, account.ids.gid ?? account.ids.uid);
  return path;
}

/** Leaves nothing behind among the temporary files. */
export function removeFarSocketFolder(socketFolder: string, folder: string): void {
  if (socketFolder.startsWith(join(folder, '/'))) return;
  try {
    rmdirSync(socketFolder);
  } catch {
    // not empty, or gone: it is used again, or it is no longer ours
  }
}
