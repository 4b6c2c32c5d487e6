import { spawnSync } from 'node:child_process';
import { readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ProcessFacts, processFacts } from './process-facts.ts';

/** What a server writes into its data folder about itself (PostgreSQL: src/include/utils/pidfile.h). */
export interface Postmaster {
  pid: number;
  identity: string;
  socketFolder: string;
  port: number;
  status: 'starting' | 'ready' | 'stopping' | 'standby' | 'unknown';
}

const lockFile = 'postmaster.pid';

/** The server that lives on these data, or undefined. */
export function livePostmaster(data: string): Postmaster | undefined {
  const lines = readLines(join(data, lockFile));
  if (lines === undefined) return undefined;
  const pid = Number(lines[0]);
  const facts = processFacts(pid);
  if (facts === undefined || !isServerOf(facts, data)) return undefined;
  const word = lines[7]?.trim();
  return {
    pid,
    identity: facts.identity,
    socketFolder: lines[4] ?? '',
    port: Number(lines[3]),
    status:
      word === 'starting' || word === 'ready' || word === 'stopping' || word === 'standby' ? word : 'unknown',
  };
}

/** A recycled pid may name any program, even the server of another data folder. */
function isServerOf(facts: ProcessFacts, data: string): boolean {
  if (facts.program !== 'postgres') return false;
  return facts.directory === undefined || facts.directory === realpathSync(data);
}

/**
 * A lock file that names a zombie or some other program stops PostgreSQL, which only sees that the pid exists. It gets
 * a pid that is surely gone instead of being removed: so PostgreSQL still does its own check that no orphaned backend of
 * the dead server holds the shared memory noted in the file, and then removes it.
 */
export function disarmStaleLock(data: string, socketFolder: string, port: number): void {
  const path = join(data, lockFile);
  const lines = readLines(path);
  if (lines !== undefined) {
    if (lines.length < 7) rmSync(path, { force: true });
    else writeFileSync(path, [String(gonePid()), ...lines.slice(1)].join('\n'));
  }
  for (const name of [`.s.PGSQL.${port}.lock`, `.s.PGSQL.${port}`]) {
    rmSync(join(socketFolder, name), { force: true });
  }
}

function gonePid(): number {
  return spawnSync('/bin/sh', ['-c', ':']).pid;
}

function readLines(path: string): string[] | undefined {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Resolves to whether the process is gone within `limitMs`. */
export async function isGoneWithin(pid: number, identity: string, limitMs: number): Promise<boolean> {
  const limit = AbortSignal.timeout(limitMs);
  while (processFacts(pid)?.identity === identity) {
    if (limit.aborted) return false;
    await sleep(15);
  }
  return true;
}

/**
 * Fast shutdown (open transactions are rolled back), then immediate shutdown (recovered at the next start), then kill.
 * Each step is safe for committed data; the bounds in milliseconds say how long each is given.
 */
export async function shutDown(
  { pid, identity }: Pick<Postmaster, 'pid' | 'identity'>,
  bounds: { fastMs: number; immediateMs: number } = { fastMs: 30_000, immediateMs: 10_000 },
): Promise<void> {
  if (!signal(pid, identity, 'SIGINT') || (await isGoneWithin(pid, identity, bounds.fastMs))) return;
  if (!signal(pid, identity, 'SIGQUIT') || (await isGoneWithin(pid, identity, bounds.immediateMs))) return;
  signal(pid, identity, 'SIGKILL');
  await isGoneWithin(pid, identity, 5_000);
}

/** False when the process was already gone. */
function signal(pid: number, identity: string, name: NodeJS.Signals): boolean {
  if (processFacts(pid)?.identity !== identity) return false;
  try {
    process.kill(pid, name);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}
