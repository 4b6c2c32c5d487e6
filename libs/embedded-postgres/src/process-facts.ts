import { spawnSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';

/** What can be told about a running process from outside. */
export interface ProcessFacts {
  /** The same for as long as this very process lives, never the same for a later one with the same pid. */
  identity: string;
  /** The program's file name, e.g. `postgres`; Linux cuts it at 15 characters. */
  program: string;
  /** Its working folder, where the platform tells. */
  directory?: string;
}

/** Undefined when no such process lives; a zombie does not live. */
export function processFacts(pid: number): ProcessFacts | undefined {
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return process.platform === 'linux' ? factsFromProc(pid) : factsFromPs(pid);
}

function factsFromProc(pid: number): ProcessFacts | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined; // no entry: that is the answer
  }
  // The name stands in brackets and may itself hold brackets and blanks: proc(5).
  const open = stat.indexOf('(');
  const close = stat.lastIndexOf(')');
  const rest = stat.slice(close + 2).split(' ');
  const state = rest[0];
  const startTicks = rest[19];
  if (state === 'Z' || state === 'X' || startTicks === undefined) return undefined;
  const facts: ProcessFacts = {
    identity: `${pid}/${bootId()}/${startTicks}`,
    program: stat.slice(open + 1, close),
  };
  const directory = readLink(`/proc/${pid}/cwd`);
  return directory === undefined ? facts : { ...facts, directory };
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return ''; // some sandboxes hide it; the start ticks alone still tell most processes apart
  }
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path).replace(/ \(deleted\)$/, '');
  } catch {
    return undefined; // another user's process: its folder stays unknown
  }
}

function factsFromPs(pid: number): ProcessFacts | undefined {
  const { status, stdout } = spawnSync('ps', ['-o', 'state=,lstart=,comm=', '-p', String(pid)], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], LC_ALL: 'C' },
  });
  // "Ss   Sat Nov 21 05:06:54 2026     /path/to/postgres"
  const match = status === 0 ? /^\s*(\S+)\s+(\S+\s+\S+\s+\S+\s+\S+\s+\S+)\s+(.+?)\s*$/m.exec(stdout) : null;
  if (match === null || match[1]?.startsWith('Z')) return undefined;
  return { identity: `${pid}/${match[2]}`, program: (match[3] ?? '').split('/').at(-1) ?? '' };
}
