import { fork } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const here = (name) => new URL(name, import.meta.url).pathname;

/** CPU seconds that all threads of a process have used, in user and kernel together (Linux). */
export function cpuSeconds(pid) {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`))
    nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ', 1)[0]);
  return nanoseconds / 1e9;
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

/** Starts the process that makes the load; `run` puts it on a server and resolves to what a caller saw. */
export async function startLoad() {
  const { child } = await start(here('load.mjs'));
  const run = (options) =>
    new Promise((resolve, reject) => {
      child.once('message', ({ type, result, message }) =>
        type === 'done' ? resolve(result) : reject(new Error(message)),
      );
      child.send(options);
    });
  return { run, stop: () => stop(child) };
}

/** One round of load on a server process: requests per second of its CPU, and what a caller saw. */
async function round(load, { pid, options }, seconds) {
  const before = cpuSeconds(pid);
  const result = await load.run({ ...options, seconds });
  options.from = result.next; // the next round goes on in the paths
  return { ...result, perCpuSecond: result.requests / (cpuSeconds(pid) - before) };
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Rounds of two servers in turn, after some that warm each up: A B, B A, A B, … Short ones, since what else the machine does
 * changes from one second to the next: the two of a pair have nearly the same of it. The medians, and that of the pairs' A/B.
 */
export async function versus(a, b, { pairs, seconds, warmUp = 3 }) {
  const load = await startLoad();
  const of = (server, length = seconds) => round(load, server, length);
  try {
    await of(a, warmUp);
    await of(b, warmUp);
    const results = { a: [], b: [] };
    for (let n = 0; n < pairs; n++) {
      const first = n % 2 === 0 ? 'a' : 'b';
      const second = first === 'a' ? 'b' : 'a';
      results[first].push(await of(first === 'a' ? a : b));
      results[second].push(await of(second === 'a' ? a : b));
    }
    const ratios = results.a.map((one, n) => one.perCpuSecond / results.b[n].perCpuSecond);
    const middle = (list, key) => median(list.map((one) => one[key]));
    return {
      a: middle(results.a, 'perCpuSecond'),
      b: middle(results.b, 'perCpuSecond'),
      ratio: median(ratios),
      ratios: ratios.sort((one, other) => one - other),
      p99: { a: middle(results.a, 'p99'), b: middle(results.b, 'p99') },
      statuses: results.a.at(-1).statuses,
    };
  } finally {
    await load.stop();
  }
}
