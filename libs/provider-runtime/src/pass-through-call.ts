import { Fault, isFault } from '@fleetgate/model';
import type { Call, NativeCredential } from '@fleetgate/provider-spec';
import {
  type CallContext,
  childOf,
  faultOfSignal,
  newTraceparent,
  noTraffic,
  readTraceparent,
  type TraceParts,
  withContext,
} from './call.ts';
import type { Passage } from './circuit.ts';
import { setDeadline } from './deadlines.ts';
import type { Waiter } from './limiter.ts';
import { type RequestEvent, tell } from './observer.ts';
import { Exchange, type ExchangeTaker } from './pass-through-exchange.ts';
import type {
  AnswerSink,
  NativeCaller,
  NativeRequest,
  PassedCall,
  PassThroughParts,
} from './pass-through-parts.ts';
import { pauseMs } from './rate-headers.ts';
import type { Rounds, Watched } from './rounds.ts';
import { answerFacts, failureOf, type Outcome, secondsLeft } from './trace.ts';
import { unsent } from './unsent.ts';
import { verdictOf } from './verdict.ts';

/** What all calls of one connection have in common. */
export interface Way extends PassThroughParts {
  readonly origin: string;
  readonly basePath: string;
  readonly rounds: Rounds<Passing>;
}

/**
 * One call that goes through: past slots and circuit, with credentials, in its turn, out and back, and once more where the
 * session had ended. Whatever ends it, each of these hears of it once. It goes by plain calls where nothing has to be waited
 * for: promises, signals and timers of its own would cost it more than the rest of it.
 */
export class Passing implements PassedCall, Waiter, ExchangeTaker, Watched {
  /** until when it stands in line */
  deadlineAt = 0;
  // of the line and of the rounds
  row: object | undefined = undefined;
  before: Waiter | undefined = undefined;
  after: Waiter | undefined = undefined;
  seat = 0;
  readonly #way: Way;
  readonly #request: NativeRequest;
  readonly #sink: AnswerSink;
  readonly #caller: NativeCaller;
  readonly #traceparent: string;
  readonly #trace: TraceParts;
  readonly #context: CallContext;
  readonly #endsAt: number;
  readonly #totalMs: number;
  #timer: NodeJS.Timeout | undefined;
  #hasSlot = false;
  #passage: Passage | undefined;
  #credential: NativeCredential | undefined;
  #stands = false;
  #attempt = 0;
  #joinedAt = 0;
  #sentAt = 0;
  #sentTraceparent = '';
  #exchange: Exchange | undefined;
  /** for what a provider does for it; most calls need none */
  #signal: AbortController | undefined;
  #handedOn = false;
  #stopped = false;
  #over = false;

  constructor(way: Way, request: NativeRequest, sink: AnswerSink, caller: NativeCaller) {
    this.#way = way;
    this.#request = request;
    this.#sink = sink;
    this.#caller = caller;
    const given = caller.traceparent === undefined ? undefined : readTraceparent(caller.traceparent);
    this.#traceparent = given ? (caller.traceparent as string) : newTraceparent(way.random);
    this.#trace = given ?? (readTraceparent(this.#traceparent) as TraceParts);
    this.#context = { operation: 'native.call', class: 'native', traffic: noTraffic() };
    const left = (caller.deadlineAt ?? Number.POSITIVE_INFINITY) - way.clock.now();
    this.#totalMs = Math.max(0, Math.min(way.bounds.totalMs, left));
    this.#endsAt = performance.now() + this.#totalMs;
  }

  begin(): void {
    const { guards, access, rounds, ended } = this.#way;
    rounds.add(this);
    try {
      guards.bulkhead.enter('native');
      this.#hasSlot = true;
      this.#passage = guards.circuit.enter();
      this.#context.breaker = guards.circuit.state;
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (ended?.aborted) {
      this.stop(faultOfSignal(ended));
      return;
    }
    // Whoever names a time of its own gets it to the millisecond; the bound over all is looked at with the others.
    if (this.#caller.deadlineAt !== undefined)
      this.#timer = setTimeout(() => this.stop(this.#outOfTime()), this.#totalMs);
    const held = access.held?.();
    if (held) this.#send(held);
    else {
      access.credential(this.#call()).then(
        (credential) => this.#send(credential),
        (error) => this.#fail(error),
      );
    }
  }

  resume(): void {
    this.#exchange?.resume();
  }

  leave(): void {
    if (!this.#over) this.stop(new Fault('unavailable', 'the caller gave up'));
  }

  /** Ends it for a reason that says nothing of the upstream. */
  stop(fault: Fault): void {
    if (this.#over) return;
    this.#stopped = true;
    this.#signal?.abort(fault);
    if (this.#exchange) this.#exchange.abort(fault);
    else if (this.#stands) {
      this.#stands = false;
      this.#way.guards.limiter.withdraw(this);
      this.#fail(unsent(fault));
    } else this.#fail(fault);
  }

  look(now: number): void {
    if (now >= this.#endsAt) this.stop(this.#outOfTime());
    else this.#exchange?.look(now);
  }

  #send(credential: NativeCredential): void {
    if (this.#over) return; // it left while the credentials were got
    const { clock, bounds, guards } = this.#way;
    this.#credential = credential;
    this.#attempt += 1;
    this.#joinedAt = clock.now();
    this.deadlineAt = this.#joinedAt + bounds.headMs;
    this.#stands = true;
    guards.limiter.join(this);
  }

  /** Its turn within the limits. */
  admit(): void {
    const { clock, bounds, random, origin, basePath, transport } = this.#way;
    this.#stands = false;
    this.#sentAt = clock.now();
    this.#sentTraceparent = childOf(this.#trace, random);
    this.#context.traffic.sent += 1;
    const { method, target, body } = this.#request;
    const path = `${basePath}${target}`;
    const request = {
      method,
      origin,
      path: path.startsWith('/') ? path : `/${path}`,
      headers: this.#headers(),
      body,
    };
    const repeatable = this.#attempt === 1 && (body === null || Buffer.isBuffer(body));
    this.#exchange = new Exchange(request, this, { bounds, heldStatus: repeatable ? 401 : 0 });
    this.#exchange.send(transport);
  }

  refuse(fault: Fault): void {
    this.#stands = false;
    this.#fail(unsent(fault));
  }

  head(status: number, headers: readonly Buffer[]): void {
    this.#passage?.end(status >= 500 ? 'sick' : 'well', `it answered ${status}`);
    this.#sink.head(status, headers);
  }

  data(chunk: Buffer): boolean {
    return this.#sink.data(chunk);
  }

  answered(exchange: Exchange): void {
    const { clock, guards } = this.#way;
    const { status } = exchange;
    this.#left({ status, ...answerFacts(exchange, this.#caller) });
    const asked = pauseMs(exchange, clock.now());
    if (asked > 0) guards.limiter.pause(asked);
    if (status === 401 && this.#attempt === 1) this.#renew(exchange);
    else this.#end();
  }

  failed(fault: Fault): void {
    this.#left(failureOf(fault));
    this.#fail(fault);
  }

  /** The session has ended, as it seems. */
  #renew(refusal: Exchange): void {
    const { held } = refusal;
    // What came by a stream cannot be sent again: its refusal is passed on, and whoever comes next has the new session.
    if (!held) this.#handOn();
    this.#way.access.renew(this.#credential as NativeCredential, this.#call()).then(
      (credential) => {
        if (held) this.#send(credential);
        else this.#end();
      },
      (error) => {
        // Where the answer has gone out already nobody is left to tell; and where there is nothing better, the refusal is the answer.
        if (held && !isFault(error, 'unauthenticated')) return this.#fail(error);
        if (this.#over) return;
        refusal.release();
        this.#end();
      },
    );
  }

  /** An attempt is over: its place in the limits is free, and the observer hears of it. */
  #left(outcome: Outcome): void {
    this.#exchange = undefined;
    const { connection, provider, clock, observer, origin, basePath, guards } = this.#way;
    const { method, target } = this.#request;
    if (observer.request !== undefined) {
      const cut = target.indexOf('?');
      const event: RequestEvent = {
        connection,
        provider,
        operation: 'native.call',
        class: 'native',
        breaker: this.#context.breaker as NonNullable<CallContext['breaker']>,
        requestId: this.#caller.requestId,
        traceparent: this.#traceparent,
        attempt: this.#attempt,
        ...(this.#attempt > 1 ? { again: 'retry' } : {}),
        waitedMs: this.#sentAt - this.#joinedAt,
        method,
        url: `${origin}${basePath}${cut < 0 ? target : target.slice(0, cut)}`,
        startedAt: this.#sentAt,
        ms: clock.now() - this.#sentAt,
        sentTraceparent: this.#sentTraceparent,
        ...outcome,
      };
      tell(observer.request.bind(observer), event);
    }
    guards.limiter.leave();
  }

  #handOn(): void {
    if (this.#handedOn) return;
    this.#handedOn = true;
    this.#sink.end();
  }

  #end(): void {
    if (this.#over) return;
    this.#finish();
    this.#handOn();
  }

  #fail(error: unknown): void {
    if (this.#over) return;
    const verdict = this.#stopped ? 'unknown' : verdictOf(error, this.#context.traffic);
    this.#passage?.end(verdict, failureOf(error).message);
    this.#finish();
    if (!this.#handedOn) this.#sink.fail(error);
  }

  #finish(): void {
    this.#over = true;
    this.#passage?.end('unknown');
    if (this.#hasSlot) this.#way.guards.bulkhead.leave('native');
    this.#way.rounds.remove(this);
    clearTimeout(this.#timer);
  }

  #headers(): string[] {
    const all = this.#timed();
    all.push('x-request-id', this.#caller.requestId, 'traceparent', this.#sentTraceparent);
    const { headers } = this.#credential as NativeCredential;
    for (const name of Object.keys(headers)) all.push(name, headers[name] as string);
    return all;
  }

  /** The caller's own word on its time gives way to what is left of it. */
  #timed(): string[] {
    const { headers } = this.#request;
    const { deadlineAt } = this.#caller;
    if (deadlineAt === undefined) return [...headers];
    const others = headers.filter((_, at) => headers[at - (at % 2)]?.toLowerCase() !== 'x-request-timeout');
    const left = secondsLeft(this.#way.bounds.totalMs, deadlineAt, this.#way.clock.now());
    return [...others, 'x-request-timeout', left];
  }

  /** As providers know calls. */
  #call(): Call {
    this.#signal ??= new AbortController();
    const { signal } = this.#signal;
    const { requestId, deadlineAt } = this.#caller;
    if (deadlineAt !== undefined) setDeadline(signal, deadlineAt);
    return withContext({ requestId, traceparent: this.#traceparent, signal }, this.#context);
  }

  #outOfTime(): Fault {
    const ms = Math.round(this.#totalMs);
    return new Fault('timeout', `${this.#way.connection} did not end within ${ms} ms`);
  }
}
