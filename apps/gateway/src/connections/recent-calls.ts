import type { FaultCode } from '@fleetgate/model';
import type { Observer, OperationEvent } from '@fleetgate/provider-runtime';
import { LRUCache } from 'lru-cache';

/** Calls are counted in slices of so many milliseconds; the last of them together are five minutes. */
const slice = 30_000;
const slices = 10;
/** How many connections are remembered: they come and go. */
const most = 5_000;

/** What says something of the upstream's health. A refusal of what was asked does not, nor does our own throttling. */
const failures: ReadonlySet<FaultCode | 'internal'> = new Set([
  'unavailable',
  'timeout',
  'unexpected',
  'unauthenticated',
  'outcome_unknown',
]);

interface Slice {
  /** number of the slice since the epoch */
  number: number;
  succeeded: number;
  failed: number;
}

export interface LastError {
  readonly code: string;
  readonly message: string;
  /** milliseconds since the epoch */
  readonly atMs: number;
}

interface Calls {
  readonly slices: Slice[];
  lastError?: LastError;
}

/** How the operations of each connection went in the last five minutes, as this process has seen it. */
export class RecentCalls implements Observer {
  readonly #byConnection = new LRUCache<string, Calls>({ max: most });

  constructor(private readonly now: () => number = Date.now) {}

  operation({ connection, fault, message = '', coalesced, abandoned }: OperationEvent): void {
    if (coalesced || abandoned) return; // the same call again; or one whose end nobody has seen
    const calls = this.#callsOf(connection);
    const current = this.#slice(calls);
    if (fault !== undefined && failures.has(fault)) {
      current.failed += 1;
      calls.lastError = { code: fault, message, atMs: this.now() };
    } else current.succeeded += 1;
  }

  /** rate: null where there was no call */
  of(connection: string): { calls: number; rate: number | null; lastError: LastError | null } {
    const known = this.#byConnection.get(connection);
    const oldest = Math.floor(this.now() / slice) - slices + 1;
    let [succeeded, failed] = [0, 0];
    for (const one of known?.slices ?? []) {
      if (one.number < oldest) continue;
      succeeded += one.succeeded;
      failed += one.failed;
    }
    const calls = succeeded + failed;
    return { calls, rate: calls === 0 ? null : succeeded / calls, lastError: known?.lastError ?? null };
  }

  #callsOf(connection: string): Calls {
    let calls = this.#byConnection.get(connection);
    if (!calls) {
      calls = { slices: [] };
      this.#byConnection.set(connection, calls);
    }
    return calls;
  }

  #slice({ slices: all }: Calls): Slice {
    const number = Math.floor(this.now() / slice);
    const last = all.at(-1);
    if (last?.number === number) return last;
    const fresh = { number, succeeded: 0, failed: 0 };
    all.push(fresh);
    if (all.length > slices) all.shift();
    return fresh;
  }
}
