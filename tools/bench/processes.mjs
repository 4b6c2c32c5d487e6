import { execFile, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';

const ticksPerSecond = 100; // USER_HZ, the same on every Linux that Node runs on
const here = (name) => new URL(name, import.meta.url).pathname;

/** CPU seconds that a process has used, in user and kernel together (Linux). */
export function cpuSeconds(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Resident memory of a process, in MB. */
export function residentMb(pid) {
  const kb = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kb) / 1024;
}

/** Starts a Node program that says over IPC how far it is; resolves with the child and what it said when `isUp`. */
export function start(path, args = [], env = {}, isUp = ({ type }) => type === 'ready') {
  return new Promise((resolve, reject) => {
    const child = fork(path, args, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    child.once('exit', (code) => reject(new Error(`${path} ended with ${code}`)));
    child.on('message', (message) => {
      if (message.type === 'failed') reject(new Error(message.message));
      if (isUp(message)) resolve({ child, ready: message });
    });
  });
}

export const startFloor = (...args) => start(here('floor.mjs'), args);

export async function stop(child) {
  if (child.exitCode !== null) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await ended;
}

/** One round of load on a server process: requests per second of its CPU, and what a caller saw. */
export async function round(pid, options) {
  const before = cpuSeconds(pid);
  const load = promisify(execFile)(process.execPath, [here('load.mjs')]);
  load.child.stdin.end(JSON.stringify(options));
  const result = JSON.parse((await load).stdout);
  const cpu = cpuSeconds(pid) - before;
  return { ...result, perCpuSecond: result.requests / cpu, perSecond: result.requests / result.elapsed };
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Rounds of two servers in turn, A B A B …, after one that warms each up; the medians and their ratio A/B. */
export async function versus(a, b, rounds) {
  await round(a.pid, { ...a.options, seconds: 1 });
  await round(b.pid, { ...b.options, seconds: 1 });
  const results = { a: [], b: [] };
  for (let n = 0; n < rounds; n++) {
    results.a.push(await round(a.pid, a.options));
    results.b.push(await round(b.pid, b.options));
  }
  const of = (list, key) => median(list.map((one) => one[key]));
  return {
    a: of(results.a, 'perCpuSecond'),
    b: of(results.b, 'perCpuSecond'),
    ratio: median(results.a.map((one, n) => one.perCpuSecond / results.b[n].perCpuSecond)),
    ratios: results.a.map((one, n) => one.perCpuSecond / results.b[n].perCpuSecond),
    p99: { a: of(results.a, 'p99'), b: of(results.b, 'p99') },
    statuses: results.a.at(-1).statuses,
  };
}
