import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedPostgresError } from './error.ts';
import { processFacts } from './process-facts.ts';

interface Mark {
  pid: number;
  identity: string;
  token: string;
}

/** Held from the first look at the data folder until the server is stopped. */
export interface Ownership {
  release(): void;
}

const fileName = 'owner.json';

/**
 * Makes this process the only one that may start, adopt or stop the server of `folder`. The mark of a process that
 * died is taken over. A live owner is waited for, at most `patienceMs` (it may be on its way out), then `in_use`.
 */
export async function takeOwnership(
  folder: string,
  patienceMs: number,
  onWait: (pid: number) => void,
): Promise<Ownership> {
  const mine = ownMark();
  const path = join(folder, fileName);
  const patience = AbortSignal.timeout(Math.max(1, patienceMs));
  let waiting = false;
  for (;;) {
    if (createWhole(path, mine)) break;
    const holder = readMark(path);
    if (holder === undefined) continue;
    if (!isAlive(holder)) {
      if (replaceDead(path, holder, mine)) break;
      await sleep(20);
      continue;
    }
    if (patience.aborted || holder.pid === process.pid) {
      throw new EmbeddedPostgresError(
        'in_use',
        `${folder} is in use by process ${holder.pid}: stop that one first, or choose another data folder with FLEETGATE_DATA_DIR.`,
      );
    }
    if (!waiting) onWait(holder.pid);
    waiting = true;
    await sleep(50);
  }
  return {
    release: () => {
      if (readMark(path)?.token === mine.token) rmSync(path, { force: true });
    },
  };
}

/** Whether a living process holds the folder. */
export function isOwned(folder: string): boolean {
  const holder = readMark(join(folder, fileName));
  return holder !== undefined && isAlive(holder);
}

function ownMark(): Mark {
  return {
    pid: process.pid,
    identity: processFacts(process.pid)?.identity ?? String(process.pid),
    token: randomUUID(),
  };
}

function isAlive(mark: Mark): boolean {
  return processFacts(mark.pid)?.identity === mark.identity;
}

/** A file that is either absent or complete: written aside, then linked into place, which fails when the name is taken. */
function createWhole(path: string, mark: Mark): boolean {
  const text = JSON.stringify(mark);
  const draft = `${path}.${mark.token}`;
  try {
    writeFileSync(draft, text);
    linkSync(draft, path);
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (code === 'EEXIST') return false;
    if (!linkless.has(code)) throw error;
    return createExclusively(path, text);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** What file systems without hard links answer. */
const linkless = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

function createExclusively(path: string, text: string): boolean {
  try {
    writeFileSync(path, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
}

function readMark(path: string): Mark | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return undefined;
  }
  try {
    return JSON.parse(text) as Mark;
  } catch {
    // A machine that lost power may leave an empty file. Nobody lives who is called that.
    return { pid: -1, identity: '', token: 'unreadable' };
  }
}

/**
 * Two processes may find the same dead mark. Only the one that creates the claim on that mark's token may replace it,
 * and only while the file still holds it. A claimant that died half-way is itself a dead mark, replaced the same way.
 */
function replaceDead(path: string, dead: Mark, mine: Mark): boolean {
  const claim = join(dirname(path), `${fileName}.claim-${dead.token}`);
  if (!createWhole(claim, mine)) {
    const claimant = readMark(claim);
    if (claimant === undefined || isAlive(claimant)) return false;
    if (!replaceDead(claim, claimant, mine)) return false;
  }
  try {
    if (readMark(path)?.token !== dead.token) return false;
    const draft = `${path}.${mine.token}`;
    writeFileSync(draft, JSON.stringify(mine));
    renameSync(draft, path);
    return true;
  } finally {
    rmSync(claim, { force: true });
  }
}
