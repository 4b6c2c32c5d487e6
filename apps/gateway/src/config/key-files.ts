import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError } from './config-error.ts';

export interface KeyKind {
  make: () => string;
  form: RegExp;
}

export const newSecretKey: KeyKind = {
  make: () => randomBytes(32).toString('base64'),
  form: /^[A-Za-z0-9+/]{43}=$/,
};

export const newRootKey: KeyKind = {
  make: () => `fg_root_${randomBytes(32).toString('base64url')}`,
  form: /^[\x21-\x7e]{24,512}$/,
};

/** The key that the file holds, for its owner's eyes only; made when there is none. Of two that start at once one makes it. */
export function keptKey(file: string, kind: KeyKind): string {
  try {
    // Others may pass through, to reach what is theirs (the embedded database runs as another user where we are root).
    mkdirSync(dirname(file), { recursive: true, mode: 0o711 });
    return read(file, kind) ?? make(file, kind);
  } catch (error) {
    throw error instanceof ConfigError ? error : new ConfigError([explain(file, error)]);
  }
}

function read(file: string, kind: KeyKind): string | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  if (!kind.form.test(text)) {
    throw new ConfigError([
      `${file} holds no key: put the right one back, or remove the file to have a new one made`,
    ]);
  }
  if ((statSync(file).mode & 0o077) !== 0) chmodSync(file, 0o600);
  return text;
}

/** Written whole beside it and then linked into its place, which fails when another was quicker. */
function make(file: string, kind: KeyKind): string {
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(draft, `${kind.make()}\n`, { mode: 0o600, flag: 'wx' });
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
  return read(file, kind) as string;
}

function explain(file: string, error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC')
    return `the disk is full: ${file} cannot be written; free some space and start again`;
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return `${file} cannot be read and written: set FLEETGATE_DATA_DIR to a folder of your own`;
  }
  if (code === 'ENOTDIR' || code === 'EEXIST') {
    return `${dirname(file)} is not a folder: set FLEETGATE_DATA_DIR to one`;
  }
  return `${file}: ${message}`;
}
