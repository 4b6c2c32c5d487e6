import { Fault } from '@fleetgate/model';
import type { Call, Clock, IncomingResponse, OutgoingRequest, Send } from '@fleetgate/provider-spec';
import { faultOfSignal } from './call.ts';
import { deadlineOf } from './deadline.ts';
import { retryAfterMs } from './retry-after.ts';

/** One attempt at one request; the first is 1. */
export type SendAttempt = (
  request: OutgoingRequest,
  call: Call,
  attempt: number,
) => Promise<IncomingResponse>;

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
  budget: RetryBudget;
}

/**
 * Repeats a repeatable request that failed in passing: no answer, no answer in time, or 429, 502, 503, 504. At most three
 * attempts, apart by what the upstream asked for (Retry-After) plus a random part of a growing backoff. When the wait does
 * not fit into the call's deadline, or the budget is spent, the last outcome is the answer, at once.
 */
export function retry(send: SendAttempt, { clock, random, budget }: RetryOptions): Send {
  return async (request, call) => {
    budget.earn();
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await attemptOnce(send, request, call, attempt);
      if (!request.repeatable || !outcome.passing || attempt === maxAttempts || call.signal.aborted) {
        return outcome.result();
      }
      const asked = outcome.response && retryAfterMs(outcome.response.headers, clock.now());
      const wait = (asked ?? 0) + backoff(attempt, random);
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

interface Outcome {
  response?: IncomingResponse;
  passing: boolean;
  result: () => IncomingResponse;
}

async function attemptOnce(
  send: SendAttempt,
  request: OutgoingRequest,
  call: Call,
  attempt: number,
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

/** Keeps retries to a share of the requests, so that an outage is not answered with a storm. */
export interface RetryBudget {
  /** one request was made */
  earn(): void;
  /** false: the budget is spent, do not repeat */
  spend(): boolean;
}

/** At most one retry for ten requests, and three more after a quiet time. */
export function createRetryBudget(): RetryBudget {
  const retry = 10; // what one retry costs; a request earns 1, so that the sum stays whole
  const most = 3 * retry;
  let saved = most;
  return {
    earn() {
      saved = Math.min(most, saved + 1);
    },
    spend() {
      if (saved < retry) return false;
      saved -= retry;
      return true;
    },
  };
}
