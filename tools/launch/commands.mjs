import { spawn } from 'node:child_process';

const kept = 40_000;
const running = new Set();

/**
 * Runs a tool quietly in a process group of its own, so that the terminal's Ctrl-C reaches only us.
 *
 * @returns {Promise<{code: number | string, output: string}>} `output`: the last 40,000 characters of both streams
 */
export function runQuietly(command, args, { cwd, env, onLine = () => {} }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(child);
    let output = '';
    const collect = (chunk) => {
      output = (output + chunk).slice(-kept);
      const line = String(chunk).trim().split('\n').at(-1)?.trim();
      if (line) onLine(line);
    };
    child.stdout.setEncoding('utf8').on('data', collect);
    child.stderr.setEncoding('utf8').on('data', collect);
    child.once('error', (error) => {
      running.delete(child);
      reject(error);
    });
    child.once('close', (code, signal) => {
      running.delete(child);
      resolve({ code: code ?? signal, output });
    });
  });
}

/** Ends what is being installed or built. Both begin anew at the next start. */
export function endCommands(signal) {
  for (const child of running) {
    try {
      process.kill(-child.pid, signal);
    } catch {
      // it ended by itself a moment ago
    }
  }
}
