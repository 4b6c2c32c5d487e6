import type { Readable } from 'node:stream';
import { Fault, isFault } from '@fleetgate/model';
import type { Call, NativeAccess, NativeCredential } from '@fleetgate/provider-spec';
import type { Bulkhead } from './bulkhead.ts';
import { childTraceparent, contextOf, faultOfSignal, noTraffic } from './call.ts';
import type { Circuit } from './circuit.ts';
import { deadlineOf, setDeadline } from './deadlines.ts';
import type { Limiter } from './limiter.ts';
import type { AnswerSink, ExchangeBounds, Passed } from './pass-through-exchange.ts';
import { judged } from './pass-through-judged.ts';
import { observation } from './pass-through-observation.ts';
import { pauseMs } from './rate-headers.ts';
import { answerFacts, failureOf, secondsLeft, type Tracing } from './trace.ts';
import type { Transport } from './transport.ts';
import { unsent } from './unsent.ts';

/** A call of the upstream's own API, as its caller gave it. */
export interface NativeRequest {
  readonly method: string;
  /** below the connection's base: empty, or from a slash on, with the query; nothing in it leads elsewhere (`nativeTarget`) */
  readonly target: string;
  /** name, value, name, value, …: without what is not the caller's to say (`nativeHeaders`) */
  readonly headers: readonly string[];
  /** a stream is sent once; a call whose session turned out to have ended is then not sent again */
  readonly body: Readable | Buffer | null;
}

/** Sends what goes through as it is, with the credentials of the connection, within its limits, and told to its observer. */
export interface PassThrough {
  /** Resolves with the whole answer handed on; rejects with `Fault` for failures that are no answer of the upstream. */
  pass(request: NativeRequest, sink: AnswerSink, call: Call): Promise<void>;
}

export interface PassThroughParts extends Tracing {
  readonly access: NativeAccess;
  readonly transport: Transport;
  readonly guards: PassGuards;
  readonly random: () => number;
  readonly bounds: PassBounds;
  /** aborted: every call that is under way ends with its reason, and none begins any more */
  readonly ended?: AbortSignal | undefined;
}

/** What a call has to get past, beside all other calls of its connection. */
export interface PassGuards {
  readonly limiter: Limiter;
  readonly circuit: Circuit;
  readonly bulkhead: Bulkhead;
}

export interface PassBounds extends ExchangeBounds {
  /** over all, with the wait for a turn and a renewal of the session; milliseconds */
  readonly totalMs: number;
}

export const defaultPassBounds: PassBounds = {
  headMs: 60_000,
  idleMs: 30_000,
  totalMs: 10 * 60_000,
  maxBytes: 2 ** 30,
};

export function createPassThrough(parts: PassThroughParts): PassThrough {
  const { access, transport, guards, clock, random, bounds, ended } = parts;
  const { limiter, circuit, bulkhead } = guards;
  const base = new URL(access.baseUrl);
  const basePath = base.pathname.replace(/\/$/, '');

  async function attempt(
    request: NativeRequest,
    credential: NativeCredential,
    { sink, call, heldStatus }: { sink: AnswerSink; call: Call; heldStatus?: number | undefined },
    number: number,
  ): Promise<Passed> {
    const came = clock.now();
    const leave = await limiter.enter(call.signal, clock.now() + bounds.headMs).catch((error: unknown) => {
      throw unsent(error);
    });
    const waitedMs = clock.now() - came;
    const url = `${base.origin}${basePath}`;
    const sentTraceparent = childTraceparent(call.traceparent, random);
    const end = observation(parts, { request, call, attempt: number, waitedMs, url });
    const traffic = contextOf(call)?.traffic ?? noTraffic();
    try {
      const headers = [...timed(request.headers, call.signal), 'x-request-id', call.requestId];
      headers.push('traceparent', sentTraceparent);
      for (const [name, value] of Object.entries(credential.headers)) headers.push(name, value);
      const { method, body } = request;
      const path = `${basePath}${request.target}`;
      traffic.sent += 1;
      const passed = await transport.pass(
        { method, origin: base.origin, path: path.startsWith('/') ? path : `/${path}`, headers, body },
        { sink, signal: call.signal, bounds, heldStatus },
      );
      end({ status: passed.status, sentTraceparent, ...answerFacts(passed, call) });
      const asked = pauseMs(passed, clock.now());
      if (asked > 0) limiter.pause(asked);
      return passed;
    } catch (error) {
      end({ sentTraceparent, ...failureOf(error) });
      throw error;
    } finally {
      leave();
    }
  }

  /** The caller's own word on its time gives way to what is left of it. */
  function timed(headers: readonly string[], signal: AbortSignal): readonly string[] {
    if (deadlineOf(signal) === undefined) return headers;
    const others = headers.filter((_, at) => headers[at - (at % 2)]?.toLowerCase() !== 'x-request-timeout');
    return [...others, 'x-request-timeout', secondsLeft(bounds.totalMs, signal, clock.now())];
  }

  async function carryOut(request: NativeRequest, sink: AnswerSink, call: Call): Promise<void> {
    const credential = await access.credential(call);
    const repeatable = request.body === null || Buffer.isBuffer(request.body);
    const first = await attempt(
      request,
      credential,
      { sink, call, heldStatus: repeatable ? 401 : undefined },
      1,
    );
    if (first.status !== 401) return;
    const renewed = await renewedOr(() => access.renew(credential, call), first.release !== undefined);
    // What came by a stream cannot be sent again: its refusal was passed on, and whoever comes next has the new session.
    if (first.release === undefined) return;
    if (renewed === undefined) first.release();
    else await attempt(request, renewed, { sink, call }, 2);
  }

  return {
    async pass(request, sink, call) {
      const ending = new AbortController();
      const leave = () => ending.abort(faultOfSignal(ended?.aborted ? ended : call.signal));
      const signals = ended ? [call.signal, ended] : [call.signal];
      for (const signal of signals) signal.addEventListener('abort', leave, { once: true });
      if (signals.some((signal) => signal.aborted)) leave();
      const now = clock.now();
      const asked = deadlineOf(call.signal);
      const totalMs = Math.max(0, Math.min(bounds.totalMs, (asked ?? Number.POSITIVE_INFINITY) - now));
      if (asked !== undefined) setDeadline(ending.signal, now + totalMs);
      const tooLate = () =>
        ending.abort(
          new Fault('timeout', `${parts.connection} did not end within ${Math.round(totalMs)} ms`),
        );
      const timer = setTimeout(tooLate, totalMs);
      try {
        await bulkhead.run('native', () =>
          judged(circuit, sink, { ...call, signal: ending.signal }, (told, under) =>
            carryOut(request, told, under),
          ),
        );
      } finally {
        clearTimeout(timer);
        for (const signal of signals) signal.removeEventListener('abort', leave);
      }
    },
  };
}

/** Undefined: there is nothing better than what was refused, and the refusal is the answer. */
async function renewedOr(
  renew: () => Promise<NativeCredential>,
  isWaitedFor: boolean,
): Promise<NativeCredential | undefined> {
  try {
    return await renew();
  } catch (error) {
    // Where the answer has gone out already, nobody is left to tell.
    if (isFault(error, 'unauthenticated') || !isWaitedFor) return undefined;
    throw error;
  }
}
