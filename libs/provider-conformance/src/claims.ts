import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { Fault, type FaultCode, isFault } from '@fleetgate/model';

/** generous: only a promise that would never settle is meant to meet it; in milliseconds */
const patienceMs = 5_000;

/** The fault that `work` (named `what`) rejects with; fails when it resolves, or rejects with anything else. */
export async function faultOf(work: Promise<unknown>, what = 'the call'): Promise<Fault> {
  let answer: unknown;
  try {
    answer = await work;
  } catch (error) {
    if (isFault(error)) return error; // what was asked for
    throw new Error(`${what}: expected a Fault, it rejected with ${inspect(error, { depth: 2 })}`, {
      cause: error,
    });
  }
  assert.fail(`${what}: expected a Fault, it resolved with ${inspect(answer, { depth: 2 }).slice(0, 500)}`);
}

export function assertCode(fault: Fault, ...codes: readonly FaultCode[]): void {
  assert.ok(
    codes.includes(fault.code),
    `expected a fault ${codes.join(' or ')}, got ${fault.code}: ${fault.message}`,
  );
}

/** The error that `work` rejects with, whatever it is. */
export async function rejectionOf(work: Promise<unknown>): Promise<unknown> {
  const answer = await work.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('error' in answer) return answer.error;
  assert.fail(`expected a rejection, it resolved with ${inspect(answer.value, { depth: 2 }).slice(0, 500)}`);
}

/** Fails when `work` does not settle in good time. */
export async function promptly<T>(work: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} within ${patienceMs} ms`)), patienceMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until the condition holds; false when it does not in good time. */
export async function eventually(condition: () => boolean): Promise<boolean> {
  for (let waited = 0; waited < patienceMs; waited += 5) {
    if (condition()) return true;
    await pause(5);
  }
  return condition();
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
