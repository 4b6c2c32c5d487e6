import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Account } from './account.ts';
import { explainSpawnError } from './binaries.ts';
import { diskFull, EmbeddedPostgresError, explainOutput } from './error.ts';
import { ownFolder } from './socket-folder.ts';

const draftPrefix = 'data.new-';

/** A new cluster takes 39 MB and its first write-ahead log as much again. */
const neededBytes = 120 * 1024 * 1024;

/**
 * Character classes decide what the trigram index takes for a letter, so a UTF-8 one is wanted; not every system has
 * the same. Sorting is by code point everywhere, by PostgreSQL's own built-in locale.
 */
const characterClasses = ['C.UTF-8', 'en_US.UTF-8', 'C'];

/** Makes `folder/data`: built aside and renamed when it is whole, so a broken attempt leaves nothing that is in the way. */
export async function initialise(
  initdb: string,
  folder: string,
  account: Account,
  durable: boolean,
): Promise<void> {
  removeDrafts(folder);
  const { bavail, bsize, blocks } = statfsSync(folder);
  if (blocks > 0 && bavail * bsize < neededBytes) throw diskFull(folder);
  const draft = ownFolder(join(folder, `${draftPrefix}${randomBytes(4).toString('hex')}`), account);
  try {
    await fill(initdb, draft, folder, account, durable);
    moveIntoPlace(draft, join(folder, 'data'));
  } catch (error) {
    removeDrafts(folder);
    throw error;
  }
  if (durable) syncFolder(folder);
}

function moveIntoPlace(draft: string, data: string): void {
  try {
    renameSync(draft, data);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (!['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(code)) throw error;
    throw new EmbeddedPostgresError(
      'foreign_data',
      `${data} holds something that is not a PostgreSQL database: move it away, or choose another data folder with FLEETGATE_DATA_DIR.`,
      { cause: error },
    );
  }
}

/** Only the owner of the folder comes here, so every draft is an abandoned one. */
function removeDrafts(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (name.startsWith(draftPrefix))
      rmSync(join(folder, name), { recursive: true, force: true, maxRetries: 3 });
  }
}

async function fill(
  initdb: string,
  draft: string,
  folder: string,
  account: Account,
  durable: boolean,
): Promise<void> {
  for (const characterClass of characterClasses) {
    const { code, output } = await run(initdb, account, draft, [
      '--pgdata',
      draft,
      '--username=postgres',
      '--auth=trust',
      '--encoding=UTF8',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--lc-collate=C',
      `--lc-ctype=${characterClass}`,
      '--no-instructions',
      ...(durable ? [] : ['--no-sync']),
    ]);
    if (code === 0) return;
    if (!/invalid locale name/.test(output)) throw explainOutput('initdb', output, folder);
  }
  throw new EmbeddedPostgresError('failed', 'initdb knows none of the locales that it was offered.');
}

function run(
  program: string,
  account: Account,
  home: string,
  options: string[],
): Promise<{ code: number | null; output: string }> {
  const [command = program, ...rest] = [...account.prefix, program, ...options];
  return new Promise((resolve, reject) => {
    // Detached: a Ctrl-C for our whole process group must not end it half-way.
    const child = spawn(command, rest, {
      ...account.ids,
      cwd: '/',
      detached: true,
      env: serverEnvironment(home),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const collect = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-20_000);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', (error) => reject(explainSpawnError(error)));
    child.once('close', (code) => resolve({ code, output }));
  });
}

/** Nothing of our own environment: it may hold credentials, and PG… variables would change the server. */
export function serverEnvironment(home: string): NodeJS.ProcessEnv {
  return { PATH: process.env['PATH'], LC_ALL: 'C', HOME: home };
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** The major version that wrote the data; undefined when there are none. */
export function dataVersion(folder: string): string | undefined {
  const path = join(folder, 'data', 'PG_VERSION');
  return existsSync(path) ? readFileSync(path, 'utf8').trim() : undefined;
}
