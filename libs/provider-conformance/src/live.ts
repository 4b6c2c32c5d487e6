import type { AnyRecord } from '@fleetgate/model';
import {
  connectProvider,
  createTransport,
  memoryTokens,
  newCall,
  systemClock,
  walk,
} from '@fleetgate/provider-runtime';
import { type Call, type Facet, facetOf, type ProviderDefinition, type Send } from '@fleetgate/provider-spec';
import type { z } from 'zod';
import { accountTests, facetTests } from './groups/live.ts';
import type { ConformanceTest } from './options.ts';
import { createSuite } from './suite.ts';

/** Enough to see every sort of object, and not so much that a large platform feels it. */
const mostRecords = 500;
/** bound on the whole run, in milliseconds */
const runBoundMs = 300_000;

export interface LiveOptions<Schema extends z.ZodType> {
  readonly definition: ProviderDefinition<Schema>;
  /** already parsed by the definition's schema */
  readonly settings: z.output<Schema>;
}

/** The part of the suite that only reads, against an upstream that is in use: nothing is broken there, and nothing is changed. */
export interface Live {
  readonly tests: readonly ConformanceTest[];
  /** words that the upstream uses for a status and that the provider does not know, by facet, as far as the tests have seen */
  unknownWords(): Readonly<Record<string, readonly string[]>>;
  close(): Promise<void>;
}

/** What the tests have of the upstream. Lists are walked once, whatever number of tests look at them. */
export interface Reading {
  readonly facet: Facet<AnyRecord>;
  /** the first 500, in the order of the list */
  records(): Promise<readonly AnyRecord[]>;
}

export function liveTests<Schema extends z.ZodType>(options: LiveOptions<Schema>): Live {
  const { definition, settings } = options;
  const transport = createTransport();
  const ending = AbortSignal.timeout(runBoundMs);
  const provider = connectProvider({
    connection: 'check',
    definition,
    settings,
    transport: { ...transport, send: readingOnly((request, call) => transport.send(request, call)) },
    clock: systemClock,
    random: Math.random,
    tokens: memoryTokens(systemClock),
  });
  let calls = 0;
  const call = (): Call => {
    calls += 1;
    return newCall({ requestId: `check-provider-${calls}`, signal: ending, random: Math.random });
  };
  const suite = createSuite({ ...nothingToBreak, definition });
  const words = new Map<string, Set<string>>();
  const readings = new Map(suite.kinds.map((kind) => [kind, readingOf(provider[facetOf[kind]], call)]));
  const secrets = Object.entries(settings as Record<string, unknown>).flatMap(([name, value]) =>
    suite.secretNames.has(name) && typeof value === 'string' ? [value] : [],
  );
  return {
    tests: [
      ...accountTests(() => provider.account.identify({}, call())),
      ...suite.kinds.flatMap((kind) => facetTests({ kind, readings, call, secrets, words })),
    ],
    unknownWords: () => Object.fromEntries([...words].map(([facet, seen]) => [facet, [...seen].sort()])),
    close: () => transport.close(),
  };
}

/** Stands between the provider and the network, so that no mistake of a provider can change anything. */
function readingOnly(send: Send): Send {
  return (request, call) =>
    request.repeatable || request.preliminary
      ? send(request, call)
      : Promise.reject(new Error(`${request.method} ${request.url} would change something: it was not sent`));
}

function readingOf(facet: unknown, call: () => Call): Reading {
  const reads = facet as Facet<AnyRecord>;
  let walked: Promise<AnyRecord[]> | undefined;
  return {
    facet: reads,
    records: () => {
      walked ??= firstRecords(reads, call());
      return walked;
    },
  };
}

async function firstRecords({ list }: Facet<AnyRecord>, call: Call): Promise<AnyRecord[]> {
  const records: AnyRecord[] = [];
  for await (const { page } of walk(list, call)) {
    records.push(...page.items);
    if (records.length >= mostRecords) break;
  }
  return records;
}

/** The suite's view of the definition needs no upstream; tests that would start one are not among the live ones. */
const nothingToBreak = {
  start: () => Promise.reject(new Error('an upstream that is in use is not started')),
  settings: () => ({}),
  refusedSettings: () => ({}),
};
