import { Fault } from '@fleetgate/model';
import type { Call, Clock, OutgoingRequest } from '@fleetgate/provider-spec';
import type { Attempt, SendAttempt, SizedResponse } from './attempt.ts';
import { contextOf, faultOfSignal } from './call.ts';
import { deadlineOf, setDeadline } from './deadlines.ts';
import type { Latencies } from './latencies.ts';
import { admitted } from './limit.ts';
import type { Limiter } from './limiter.ts';
import { type Budget, createBudget } from './retry.ts';

/** an answer that comes sooner is not worth a second request; milliseconds */
const soonestMs = 20;

export interface HedgeOptions {
  readonly clock: Clock;
  readonly latencies: Latencies;
  readonly budget: Budget;
  readonly limiter: Limiter;
  /** whether reads are let through as ever: an upstream that fails is not to be asked twice */
  readonly closed: () => boolean;
}

/** At most one hedge for twenty reads, of which three can be saved up; none to begin with. */
export function createHedgeBudget(): Budget {
  return createBudget({ cost: 20, most: 60, saved: 0 });
}

/**
 * Asks a second time for what takes longer than 95 % of the connection's reads; the first good answer is the answer, and the
 * other request is ended at once. Only for what a caller waits for and what changes nothing: a login may end another session, and
 * a retry knows already that the upstream is not well.
 *
 * An answer counts when its body is there too: a provider is given whole bodies, and one that has sent its head may still drip.
 * This stands below the limits, so that time in line is no latency; the second request takes a place of its own, or does not go.
 */
export function hedge(send: SendAttempt, options: HedgeOptions): SendAttempt {
  const { clock, latencies, budget } = options;
  return async (request, call, attempt) => {
    const { repeatable, preliminary } = request;
    const read = contextOf(call)?.class === 'read';
    if (!repeatable || preliminary || !read || attempt.again !== undefined)
      return send(request, call, attempt);
    budget.earn();
    const startedAt = clock.now();
    const usualMs = latencies.p95();
    const answer = await (usualMs === undefined
      ? send(request, call, attempt)
      : race(send, { request, call, attempt, afterMs: Math.max(soonestMs, usualMs) }, options));
    // When the second one won, the first would have taken longer still; left out, what is slow would never be seen.
    if (answer.status < 500) latencies.record(clock.now() - startedAt);
    return answer;
  };
}

interface Asked {
  readonly request: OutgoingRequest;
  readonly call: Call;
  readonly attempt: Attempt;
  readonly afterMs: number;
}

async function race(
  send: SendAttempt,
  { request, call, attempt, afterMs }: Asked,
  options: HedgeOptions,
): Promise<SizedResponse> {
  const first = run(send, request, call, attempt);
  const timer = new AbortController();
  const late = options.clock.sleep(afterMs, timer.signal).then(() => undefined);
  const early = await Promise.race([first.outcome, late]);
  timer.abort(null); // null: nobody reads the reason
  if (early) return early.result();
  // Both end within the time that one attempt has.
  const rest = { ...request, timeoutMs: request.timeoutMs - afterMs };
  const place = rest.timeoutMs > 0 && !call.signal.aborted ? placeFor(options) : undefined;
  if (!place) return (await first.outcome).result();
  attempt.hedged = true;
  const again: Attempt = { number: attempt.number + 1, again: 'hedge', waitedMs: 0 };
  const second = run(admitted(send, { ...options, leave: place }), rest, call, again);
  const winner = (await firstGood([first, second])) ?? first;
  (winner === first ? second : first).lose();
  return (await winner.outcome).result();
}

/** A share that finds no place is spent all the same: a connection whose limits are reached is not one to ask more of. */
function placeFor({ budget, limiter, closed }: HedgeOptions): (() => void) | undefined {
  return closed() && budget.spend() ? limiter.tryEnter() : undefined;
}

interface Outcome {
  /** it ends the race */
  readonly good: boolean;
  readonly result: () => SizedResponse;
}

interface Run {
  readonly outcome: Promise<Outcome>;
  /** Ends it, as far as it has not ended. */
  lose(): void;
}

function run(send: SendAttempt, request: OutgoingRequest, call: Call, attempt: Attempt): Run {
  const own = new AbortController();
  const end = () => own.abort(faultOfSignal(call.signal));
  const deadlineAt = deadlineOf(call.signal);
  if (deadlineAt !== undefined) setDeadline(own.signal, deadlineAt);
  if (call.signal.aborted) end();
  else call.signal.addEventListener('abort', end, { once: true });
  const outcome = send(request, { ...call, signal: own.signal }, attempt)
    .then(
      (response): Outcome => ({ good: isGood(response.status, attempt), result: () => response }),
      (error: unknown): Outcome => ({
        good: false,
        result: () => {
          throw error;
        },
      }),
    )
    .finally(() => call.signal.removeEventListener('abort', end));
  return {
    outcome,
    lose() {
      attempt.outrun = true;
      own.abort(new Fault('unavailable', 'another request for the same was quicker'));
    },
  };
}

/** A refusal is an answer; but that there were too many requests is, of the second one, none to what was asked first. */
function isGood(status: number, { again }: Attempt): boolean {
  return status < 500 && !(status === 429 && again === 'hedge');
}

/** Undefined: none of them was good. */
function firstGood(runs: readonly Run[]): Promise<Run | undefined> {
  const good = async (of: Run) => ((await of.outcome).good ? of : Promise.reject(new Error('not good')));
  return Promise.any(runs.map(good)).catch(() => undefined); // each has its own outcome, which is told from there
}
