import {
  type Clock,
  type Provider,
  type ProviderDefinition,
  readOperations,
  type TokenStore,
  writeOperations,
} from '@fleetgate/provider-spec';
import type { z } from 'zod';
import { breaker, type Circuits, createCircuits } from './breaker.ts';
import { type Bulkhead, createBulkhead, defaultSlots, type Slots, withinSlots } from './bulkhead.ts';
import { faultOfSignal } from './call.ts';
import { type CircuitBounds, defaultCircuitBounds } from './circuit.ts';
import { type CallClass, callClasses } from './classes.ts';
import { coalesce } from './coalesce.ts';
import { deadline } from './deadline.ts';
import { withDryRun } from './dry-run.ts';
import { createHedgeBudget, hedge } from './hedge.ts';
import { createLatencies } from './latencies.ts';
import { limit } from './limit.ts';
import { createLimiter } from './limiter.ts';
import type { BreakerState, Observer } from './observer.ts';
import { mapOperations } from './operations.ts';
import { createPassThrough } from './pass-through.ts';
import { defaultPassBounds, type PassBounds, type PassThrough } from './pass-through-parts.ts';
import { createRetryBudget, retry } from './retry.ts';
import type { SharedLimits } from './shared-limits.ts';
import { observe, propagate, trace } from './trace.ts';
import type { Transport } from './transport.ts';

/** Bounds on one operation with everything below it, in milliseconds. */
export interface Deadlines {
  /** what reads one thing */
  readMs: number;
  /** one page */
  listMs: number;
  /** what changes something: all its steps, and the looking for what an attempt has left */
  writeMs: number;
}

export const defaultDeadlines: Deadlines = { readMs: 10_000, listMs: 30_000, writeMs: 60_000 };

/** A provider under everything that the runtime adds. */
export interface ConnectedProvider extends Omit<Provider, 'native'> {
  /** for calls of the upstream's own API; absent where the provider has no way to it */
  readonly passThrough?: PassThrough;
  /** how the connection stands at this moment, as this process sees it */
  condition(): Condition;
}

/** By class of calls. */
export interface Condition {
  readonly breakers: Readonly<Record<CallClass, BreakerState>>;
  readonly underWay: Readonly<Record<CallClass, number>>;
}

export interface ConnectOptions<Schema extends z.ZodType> {
  /** slug of the connection */
  connection: string;
  definition: ProviderDefinition<Schema>;
  /** already parsed by the definition's schema */
  settings: z.output<Schema>;
  transport: Transport;
  clock: Clock;
  /** a number in [0, 1) */
  random: () => number;
  tokens: TokenStore;
  deadlines?: Partial<Deadlines>;
  /** of calls that go through */
  passBounds?: Partial<PassBounds>;
  circuitBounds?: Partial<CircuitBounds>;
  slots?: Partial<Slots>;
  observer?: Observer;
  /** the account's limits where other processes, or other connections, use it too */
  sharedLimits?: SharedLimits;
  /** aborted: every call that is under way ends with its reason, where that is a `Fault`, and none begins any more */
  ended?: AbortSignal;
}

/**
 * One linked account, with everything that a call to it passes through. Limits, the retry budget and the coalesced calls are
 * held by what this returns, so make it once for each connection. Throws RangeError for limits that make no sense.
 */
export function connectProvider<Schema extends z.ZodType>(
  options: ConnectOptions<Schema>,
): ConnectedProvider {
  const {
    connection,
    definition,
    settings,
    transport,
    clock,
    random,
    tokens,
    observer = {},
    ended,
  } = options;
  const deadlines = { ...defaultDeadlines, ...options.deadlines };
  const tracing = { connection, provider: definition.id, clock, observer };
  const limits = definition.limits(settings);
  const limiter = createLimiter({ limits, clock, shared: options.sharedLimits });
  const budget = createRetryBudget();

  const circuits = createCircuits({ ...defaultCircuitBounds, ...options.circuitBounds }, random, tracing);

  // Every HTTP request: dryRun(retry(limit(hedge(observe(transport)))))
  const attempt = propagate(
    untilEndOf(ended, (request, call) => transport.send(request, call)),
    random,
    clock,
  );
  const observed = observe(attempt, tracing);
  const hedging = {
    clock,
    limiter,
    latencies: createLatencies(),
    budget: createHedgeBudget(),
    closed: () => circuits.read.state === 'closed',
  };
  const hedged = limits.hedging === false ? observed : hedge(observed, hedging);
  const send = withDryRun(retry(limit(hedged, limiter, clock), { clock, random, budget }));

  // Every operation: trace(deadline(coalesce(slots(breaker(deadline(operation)))))); a write is not shared, and has one deadline
  const bulkhead = createBulkhead(connection, { ...defaultSlots, ...options.slots });
  const provider = definition.connect(settings, { send, clock, random, tokens });
  const wrapped = mapOperations(provider, (run, { facet, operation }) => {
    const name = `${facet}.${operation}`;
    const bound = { ms: boundOf(operation, deadlines), clock, label: `${connection} ${name}`, ended };
    const guarded = withinSlots(breaker(deadline(run, bound), circuits, bound), bulkhead);
    const shared = readOperations.includes(operation) ? deadline(coalesce(guarded), bound) : guarded;
    return trace(shared, name, tracing);
  });
  const { native: access, hooks } = provider;
  const connected = {
    ...wrapped,
    ...(hooks ? { hooks } : {}),
    condition: () => conditionOf(circuits, bulkhead),
  };
  if (!access) return connected;
  const bounds = { ...defaultPassBounds, ...options.passBounds };
  const guards = { limiter, circuit: circuits.native, bulkhead };
  const passThrough = createPassThrough({ ...tracing, access, transport, guards, random, bounds, ended });
  return { ...connected, passThrough };
}

function conditionOf(circuits: Circuits, bulkhead: Bulkhead): Condition {
  const each = <T>(of: (name: CallClass) => T) =>
    Object.fromEntries(callClasses.map((name) => [name, of(name)])) as Record<CallClass, T>;
  return {
    breakers: each((name) => circuits[name].state),
    underWay: each((name) => bulkhead.underWay(name)),
  };
}

function boundOf(operation: string, { readMs, listMs, writeMs }: Deadlines): number {
  if (operation === 'list') return listMs;
  return (writeOperations as readonly string[]).includes(operation) ? writeMs : readMs;
}

/** Operations end by their deadlines; what a provider sends of its own (a shared renewal of its session) ends here. */
function untilEndOf(ended: AbortSignal | undefined, send: Transport['send']): Transport['send'] {
  if (!ended) return send;
  return async (request, call) => {
    if (ended.aborted) throw faultOfSignal(ended);
    const either = new AbortController();
    const leave = () => either.abort(faultOfSignal(call.signal.aborted ? call.signal : ended));
    for (const signal of [call.signal, ended]) signal.addEventListener('abort', leave, { once: true });
    try {
      if (call.signal.aborted) leave();
      return await send(request, { ...call, signal: either.signal });
    } finally {
      for (const signal of [call.signal, ended]) signal.removeEventListener('abort', leave);
    }
  };
}
