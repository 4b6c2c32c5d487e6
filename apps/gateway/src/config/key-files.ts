import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError } from './config-error.ts';

export interface KeyKind {
  make: () => string;
  isKey: (text: string) => boolean;
}

/** 32 bytes in base64. */
export const secretKeyKind: KeyKind = {
  make: () => randomBytes(32).toString('base64'),
  isKey: (text) =>
    /^[A-Za-z0-9+/]{43}=$/.test(text) && Buffer.from(text, 'base64').toString('base64') === text,
};

/** 24 printable characters or more; ours hold 32 random bytes. */
export const rootKeyKind: KeyKind = {
  make: () => `fg_root_${randomBytes(32).toString('base64url')}`,
  isKey: (text) => /^[\x21-\x7e]{24,512}$/.test(text),
};

/** The key that the file holds, for its owner's eyes only; made when there is none. Of two that start at once one makes it. */
export function keptKey(file: string, kind: KeyKind): string {
  try {
    // Others may pass through, to reach what is theirs: the embedded database runs as another user where we are root.
    mkdirSync(dirname(file), { recursive: true, mode: 0o711 });
    return read(file, kind) ?? make(file, kind);
  } catch (error) {
    throw error instanceof ConfigError ? error : new ConfigError([explain(file, error)]);
  }
}

function read(file: string, kind: KeyKind): string | undefined {
  const mode = statSync(file, { throwIfNoEntry: false })?.mode;
  if (mode === undefined) return undefined;
  if ((mode & 0o077) !== 0) chmodSync(file, 0o600);
  const text = readFileSync(file, 'utf8').trim();
  if (kind.isKey(text)) return text;
  throw new ConfigError([
    `${file} holds no valid key: put the right one back, or remove the file to have a new one made`,
  ]);
}

/** Written whole beside it and then linked into its place, which fails when another was quicker. */
function make(file: string, kind: KeyKind): string {
  const text = `${kind.make()}\n`;
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  try {
    writeFileSync(draft, text, { mode: 0o600, flag: 'wx', flush: true });
    linkSync(draft, file);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (linkless.has(code)) writeAlone(file, text);
    else if (code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return read(file, kind) as string;
}

/** What file systems without hard links answer. */
const linkless = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

function writeAlone(file: string, text: string): void {
  try {
    writeFileSync(file, text, { mode: 0o600, flag: 'wx', flush: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // another was quicker: its key is the one
  }
}

function explain(file: string, error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return `the disk is full: ${file} cannot be written; free some space and start again`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `${file} cannot be read and written (${code}): set FLEETGATE_DATA_DIR to a folder of your own`;
    case 'ENOTDIR':
    case 'EEXIST':
      return `${dirname(file)} is not a folder: set FLEETGATE_DATA_DIR to one`;
    case 'EISDIR':
      return `${file} is a folder, where a key should be: remove it to have a new key made`;
    default:
      return `${file}: ${message}`;
  }
}
