import { Fault } from '@fleetgate/model';
import type { Call, Clock, IncomingResponse, OutgoingRequest, Send } from '@fleetgate/provider-spec';
import { type Attempt, firstAttempt, type SendAttempt } from './attempt.ts';
import { faultOfSignal } from './call.ts';
import { deadlineOf } from './deadlines.ts';
import { retryAfterMs } from './retry-after.ts';

const maxAttempts = 3;
const backoffBaseMs = 200;
const backoffCapMs = 5_000;
/** a wait that is longer is not ours to sleep through: the caller is told at once */
const longestWaitMs = 60_000;
const passingStatuses: ReadonlySet<number> = new Set([429, 502, 503, 504]);

export interface RetryOptions {
  clock: Clock;
  /** a number in [0, 1) */
  random: () => number;
  budget: Budget;
}

/**
 * Repeats a repeatable request that failed in passing: no answer, no answer in time, or 429, 502, 503, 504. At most three
 * attempts, apart by what the upstream asked for (Retry-After) plus a random part of a growing backoff. When the wait does
 * not fit into the call's deadline, or the budget is spent, the last outcome is the answer, at once.
 */
export function retry(send: SendAttempt, { clock, random, budget }: RetryOptions): Send {
  return async (request, call) => {
    budget.earn();
    let attempt = firstAttempt();
    for (let tries = 1; ; tries += 1, attempt = next(attempt)) {
      const outcome = await attemptOnce(send, request, call, attempt);
      if (!request.repeatable || !outcome.passing || tries === maxAttempts || call.signal.aborted) {
        return outcome.result();
      }
      const asked = outcome.response && retryAfterMs(outcome.response.headers, clock.now());
      const wait = (asked ?? 0) + backoff(tries, random);
      const timeLeft = (deadlineOf(call.signal) ?? Number.POSITIVE_INFINITY) - clock.now();
      if (wait >= Math.min(timeLeft, longestWaitMs) || !budget.spend()) return outcome.result();
      try {
        await clock.sleep(wait, call.signal);
      } catch (error) {
        throw call.signal.aborted ? faultOfSignal(call.signal) : error;
      }
    }
  };
}

function next({ number, hedged }: Attempt): Attempt {
  return { number: number + (hedged ? 2 : 1), again: 'retry', waitedMs: 0 };
}

interface Outcome {
  response?: IncomingResponse;
  passing: boolean;
  result: () => IncomingResponse;
}

async function attemptOnce(
  send: SendAttempt,
  request: OutgoingRequest,
  call: Call,
  attempt: Attempt,
): Promise<Outcome> {
  try {
    const response = await send(request, call, attempt);
    return { response, passing: passingStatuses.has(response.status), result: () => response };
  } catch (error) {
    const passing = error instanceof Fault && (error.code === 'unavailable' || error.code === 'timeout');
    return {
      passing,
      result: () => {
        throw error;
      },
    };
  }
}

/** Full jitter: anything between nothing and the whole step, so that callers who failed together do not return together. */
function backoff(attempt: number, random: () => number): number {
  return Math.floor(random() * Math.min(backoffCapMs, backoffBaseMs * 2 ** (attempt - 1)));
}

/** Keeps requests beyond the first to a share of all, so that an outage is not answered with a storm. */
export interface Budget {
  /** one request was made */
  earn(): void;
  /** false: the budget is spent, send no more */
  spend(): boolean;
}

/** At most one retry for five requests, and three more after a quiet time. */
export function createRetryBudget(): Budget {
  return createBudget({ cost: 5, most: 15, saved: 15 });
}

/** One more for `cost` requests, each of which earns 1, so that the sum stays whole; `most` can be saved up. */
export function createBudget(of: { cost: number; most: number; saved: number }): Budget {
  const { cost, most } = of;
  let { saved } = of;
  return {
    earn() {
      saved = Math.min(most, saved + 1);
    },
    spend() {
      if (saved < cost) return false;
      saved -= cost;
      return true;
    },
  };
}
