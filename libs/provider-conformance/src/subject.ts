import type { AnyRecord, Kind } from '@fleetgate/model';
import {
  connectProvider,
  createTransport,
  type Deadlines,
  memoryTokens,
  newCall,
  type Observer,
  systemClock,
  type Transport,
} from '@fleetgate/provider-runtime';
import {
  type Call,
  type Clock,
  type Facet,
  facetOf,
  type Host,
  type Journal,
  type Provider,
  type Send,
  type TokenStore,
} from '@fleetgate/provider-spec';
import type { z } from 'zod';
import { type Changes, createChanges } from './changes.ts';
import { type Objects, objectsOf } from './objects.ts';
import type { ConformanceOptions } from './options.ts';
import { type Relay, startRelay } from './relay.ts';
import type { SeenRequest, UpstreamUnderTest } from './upstream.ts';

/** about this many objects per upstream: several pages of every kind, and quick to walk one by one */
const scale = 60;
/** A provider that sends more than this in one test goes round in circles; the harness stops it, so that the run ends. */
const requestBound = 3000;
/** bound on every call of the suite, in milliseconds: far above what an honest one takes */
const callBoundMs = 10_000;

export interface SubjectOptions {
  /** Puts a relay between provider and upstream. */
  relay?: boolean;
}

/** What a test has before it: one fresh upstream, and the provider connected to it over the bare transport. */
export interface Subject {
  readonly upstream: UpstreamUnderTest;
  readonly provider: Provider;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly clock: Clock;
  readonly relay: Relay;
  /** the store that holds the session of `provider` */
  readonly tokens: TokenStore;
  newTokens(): TokenStore;
  /** Another provider on the same upstream, with a token store of its own unless one is given. */
  connect(other?: { settings?: unknown; tokens?: TokenStore }): Provider;
  /** The same under everything that the runtime adds: trace, deadline, retry, limits. */
  connectRuntime(other?: {
    deadlines?: Partial<Deadlines>;
    tokens?: TokenStore;
    observer?: Observer;
  }): Provider;
  call(signal?: AbortSignal, journal?: Journal): Call;
  /** the requests that the provider sends to change something */
  readonly changes: Changes;
  /** how many requests the provider has sent */
  sent(): number;
  /** The kind's facet, as one type for all kinds. */
  facet(kind: Kind, provider?: Provider): Facet<AnyRecord>;
  /** the upstream's control, in terms of our kinds and keys */
  readonly objects: Objects;
  /** which requests get or renew a session, by path */
  readonly sessionPath: RegExp;
  /** the recorded ones of them */
  logins(): readonly SeenRequest[];
}

export async function withSubject<Schema extends z.ZodType>(
  options: ConformanceOptions<Schema>,
  subjectOptions: SubjectOptions,
  work: (subject: Subject) => Promise<void>,
): Promise<void> {
  const started = await options.start({ scale, seed: 'conformance' });
  const relay = subjectOptions.relay ? await startRelay(started.origin) : undefined;
  const transport = createTransport();
  try {
    await work(makeSubject(options, started, relay, transport));
  } finally {
    started.control.clear();
    await transport.close();
    await relay?.close();
    await started.close();
  }
}

function makeSubject<Schema extends z.ZodType>(
  options: ConformanceOptions<Schema>,
  started: UpstreamUnderTest,
  relay: Relay | undefined,
  transport: Transport,
): Subject {
  const { definition } = options;
  const upstream = relay ? throughRelay(started, relay) : started;
  const settings = options.settings(upstream);
  const random = randomFrom(0x5eed);
  const clock = clockOf(upstream);
  const sessionPath = options.sessionPath ?? /\/(login|auth\w*|tokens?|sessions?)(\/|$)/i;
  let sent = 0;
  let calls = 0;

  const changes = createChanges((request, call) => transport.send(request, call), upstream.control);
  const send: Send = (request, call) => {
    sent += 1;
    if (sent > requestBound) {
      return Promise.reject(new Error(`the provider sent more than ${requestBound} requests`));
    }
    return changes.send(request, call);
  };

  const newTokens = () => memoryTokens(clock);
  const tokens = newTokens();
  const connect: Subject['connect'] = (other = {}) => {
    const host: Host = { send, clock, random, tokens: other.tokens ?? newTokens() };
    return definition.connect(definition.settings.parse(other.settings ?? settings), host);
  };
  const connectRuntime: Subject['connectRuntime'] = (other = {}) =>
    connectProvider({
      connection: 'conformance',
      definition,
      settings: definition.settings.parse(settings),
      transport: { ...transport, send, close: () => transport.close() },
      clock,
      random,
      tokens: other.tokens ?? newTokens(),
      ...(other.deadlines ? { deadlines: other.deadlines } : {}),
      ...(other.observer ? { observer: other.observer } : {}),
    });
  const provider = connect({ tokens });

  return {
    upstream,
    provider,
    settings,
    clock,
    get relay() {
      if (!relay) throw new Error('this test asked for no relay');
      return relay;
    },
    connect,
    connectRuntime,
    tokens,
    newTokens,
    changes,
    call(signal = AbortSignal.timeout(callBoundMs), journal) {
      calls += 1;
      const call = newCall({ requestId: `conformance-${calls}`, signal, random });
      return journal ? { ...call, journal } : call;
    },
    sent: () => sent,
    facet(kind, of = provider) {
      const facet = of[facetOf[kind]];
      if (!facet) throw new Error(`the provider has no ${facetOf[kind]}`);
      return facet as Facet<AnyRecord>;
    },
    objects: objectsOf(upstream, options.kinds ?? {}),
    sessionPath,
    logins: () => upstream.control.requests().filter((request) => sessionPath.test(request.path)),
  };
}

function throughRelay(upstream: UpstreamUnderTest, relay: Relay): UpstreamUnderTest {
  return {
    origin: relay.origin,
    baseUrl: upstream.baseUrl.replace(upstream.origin, relay.origin),
    credentials: upstream.credentials,
    control: upstream.control,
    close: () => upstream.close(),
  };
}

/**
 * The upstream's time, so that sessions end for both sides at once; with the real time that has passed on top, because what
 * waits for time to pass (a rate limit) must not wait for ever.
 */
function clockOf(upstream: UpstreamUnderTest): Clock {
  const start = systemClock.now();
  return {
    now: () => upstream.control.clock.now() + (systemClock.now() - start),
    sleep: (ms, signal) => systemClock.sleep(ms, signal),
  };
}

/** The same numbers in every run (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
