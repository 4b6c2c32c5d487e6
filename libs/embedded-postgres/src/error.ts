/**
 * Why PostgreSQL could not be started:
 * `unsupported_platform` no binary runs here · `unwritable` a folder cannot be written or entered · `disk_full` ·
 * `in_use` another live process holds the data folder · `foreign_data` the folder holds data of another major version ·
 * `root_refused` we are root and found no other account to run it · `failed` anything else, with the log's last line.
 */
export type EmbeddedPostgresErrorCode =
  | 'unsupported_platform'
  | 'unwritable'
  | 'disk_full'
  | 'in_use'
  | 'foreign_data'
  | 'root_refused'
  | 'failed';

/** The message is one line, made for a terminal: what is wrong and what to do. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
  readonly code: EmbeddedPostgresErrorCode;

  constructor(code: EmbeddedPostgresErrorCode, message: string, options?: ErrorOptions) {
    super(message.replace(/\s*\n\s*/g, ' '), options);
    this.code = code;
  }
}

const elsewhere = 'choose another data folder with FLEETGATE_DATA_DIR';

/** Turns a failed file operation in the data folder into a line that says what to do; other errors come back as they are. */
export function explainFileError(error: unknown, folder: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return diskFull(folder, error);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new EmbeddedPostgresError(
        'unwritable',
        `Cannot write in ${folder} (${code}): give this user write access to it, or ${elsewhere}.`,
        { cause: error },
      );
    case 'ENOTDIR':
    case 'EEXIST':
      return new EmbeddedPostgresError(
        'unwritable',
        `${folder} is not a folder (${code}): remove what stands there, or ${elsewhere}.`,
        { cause: error },
      );
    default:
      return error;
  }
}

export function diskFull(folder: string, cause?: unknown): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'disk_full',
    `The disk that holds ${folder} is full: free 200 MB or more and start again, or ${elsewhere}.`,
    { cause },
  );
}

/** Reads what initdb or postgres said before it died. `logFile` is where a person finds the rest. */
export function explainOutput(
  program: string,
  output: string,
  folder: string,
  logFile?: string,
): EmbeddedPostgresError {
  if (/No space left on device|Disk quota exceeded/i.test(output)) return diskFull(folder);
  if (/Permission denied|Read-only file system/i.test(output)) {
    return new EmbeddedPostgresError(
      'unwritable',
      `PostgreSQL may not write in ${folder}: give this user write access to it, or ${elsewhere}.`,
    );
  }
  if (/lock file ".*" already exists|is another postmaster/i.test(output)) {
    return new EmbeddedPostgresError(
      'in_use',
      `Another PostgreSQL uses ${folder}: stop it first, or ${elsewhere}.`,
    );
  }
  const lines = output
    .split('\n')
    .map((line) => line.replace(/^\d{4}-\S+ \S+ \S+ \[\d+\] /, '').trim())
    .filter((line) => line !== '');
  const telling =
    lines.findLast((line) => /\b(FATAL|PANIC|error):/i.test(line)) ?? lines.at(-1) ?? 'no output';
  const where = logFile === undefined ? '' : ` (its log: ${logFile})`;
  return new EmbeddedPostgresError('failed', `${program} failed: ${telling}${where}`);
}
