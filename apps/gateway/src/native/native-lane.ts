import type { IncomingMessage, ServerResponse } from 'node:http';
import { Fault } from '@fleetgate/model';
import type { Logger } from 'pino';
import type { Authentications } from '../access/authentications.ts';
import type { Principal } from '../access/principal.ts';
import { errorOfFault } from '../answers/upstream-errors.ts';
import type { Connection } from '../connections/connection.ts';
import { type AccessLog, sayEnded } from '../http/access-log.ts';
import { tellError } from '../http/error-filter.ts';
import { headersOf } from '../http/quick-head.ts';
import { requestIdFrom } from '../http/request-id.ts';
import { countAnswer } from '../metrics/http-metrics.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Scope } from '../reading/scope.ts';
import type { RequestHooks } from '../requests/request-hooks.ts';
import type { Story } from '../requests/story.ts';
import type { Admissions } from '../throttle/admission.ts';
import { NativeAnswer, namesWith, type Said } from './native-answer.ts';
import { nativeRoutes } from './native-calls.ts';
import { type PlainCall, plainCall } from './native-plain.ts';
import { type NativeTarget, nativeTarget } from './native-target.ts';

export interface NativeLaneParts {
  readonly authentications: Pick<Authentications, 'known'>;
  readonly admissions: Pick<Admissions, 'ofReady'>;
  readonly metrics: Metrics;
  readonly requests: Pick<RequestHooks, 'begin' | 'answered'>;
  readonly access: AccessLog;
  readonly logger: Logger;
  /** true: answers differ by the origin of who asks, as some origins may read them */
  readonly varies: boolean;
}

/** OPTIONS is left to the framework, which has its own rules for it. */
const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** What an answer may say before the upstream's headers, by what the throttle says. */
const throttled = ['limit', 'remaining', 'reset'].map((name) => `x-ratelimit-${name}`);
const names = ['x-request-id', ...throttled, 'ratelimit', 'ratelimit-policy'];
const local = 'x-fleetgate-throttle';

/** A call of which everything is known before it is counted. */
interface Found {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly call: PlainCall;
  readonly principal: Principal;
  readonly connection: Connection;
  readonly target: string;
  /** when it came, by `performance.now()` */
  readonly started: number;
}

/**
 * Calls that go through, before the framework: a plain one, of somebody who is known already, to a connection that they may
 * call. It meets the same throttle, passes the same way and is told of by the same hands as by its route. Whatever is not that plain, or would
 * be refused, is left to the framework, untouched and uncounted (docs/decisions/0022).
 */
export class NativeLane {
  #scope: Scope | undefined;
  readonly #names: ReadonlySet<string>;
  readonly #namesOfLocal: ReadonlySet<string>;
  readonly #vary: string;

  constructor(private readonly parts: NativeLaneParts) {
    this.#vary = parts.varies ? 'vary: Origin\r\n' : '';
    const all = parts.varies ? [...names, 'vary'] : names;
    this.#names = namesWith(all);
    this.#namesOfLocal = namesWith([...all, local]);
  }

  /** Nothing goes this way before that. */
  open(scope: Scope): void {
    this.#scope = scope;
  }

  take(request: IncomingMessage, response: ServerResponse, next: () => void): void {
    const found = this.#find(request, response);
    if (found === undefined) {
      next();
      return;
    }
    this.parts.admissions.ofReady(found.principal, request, (lines) => {
      if (lines === undefined) next();
      else this.#pass(found, lines);
    });
  }

  #find(request: IncomingMessage, response: ServerResponse): Found | undefined {
    if (this.#scope === undefined || !methods.has(request.method as string)) return undefined;
    const started = performance.now();
    const call = plainCall(request.rawHeaders);
    const principal = call && this.parts.authentications.known(call.authorization);
    if (!principal) return undefined;
    const place = placeOf(request.url as string, principal, this.#scope);
    if (!place?.connection.provider.passThrough) return undefined;
    const { connection, target } = place;
    return { request, response, call, principal, connection, target, started };
  }

  #pass(found: Found, throttle: string): void {
    const { parts } = this;
    const id = requestIdFrom(found.call.requestId);
    const lines = `x-request-id: ${id}\r\n${throttle}${this.#vary}`;
    const said = { lines, names: throttle.includes(local) ? this.#namesOfLocal : this.#names };
    parts.metrics.underWay += 1;
    const story = parts.requests.begin(id, found.call.traceparent);
    new LaneAnswer(parts, found, { id, story, said }).go();
  }
}

/** undefined: there is none, or not for them. The route says so, in the words for it. */
function placeOf(url: string, principal: Principal, scope: Scope) {
  try {
    const { slug, target }: NativeTarget = nativeTarget(url);
    return { connection: scope.named(slug, principal, 'native:call'), target };
  } catch {
    return undefined; // the route meets the same refusal, and tells it
  }
}

/** The answer to a call that came by the lane, with what the framework's hooks do around one. */
class LaneAnswer extends NativeAnswer {
  readonly #id: string;
  readonly #story: Story;
  readonly #lines: string;

  constructor(
    private readonly parts: NativeLaneParts,
    private readonly found: Found,
    { id, story, said }: { readonly id: string; readonly story: Story; readonly said: Said },
  ) {
    super(found.response, found.connection.slug, said);
    this.#id = id;
    this.#story = story;
    this.#lines = said.lines;
  }

  go(): void {
    const { response, request, connection, target, call } = this.found;
    if (response.destroyed) {
      this.#over(); // it went while it was counted
      return;
    }
    response.on('close', () => this.#over());
    const { provider } = connection;
    this.pass(
      provider.passThrough as NonNullable<typeof provider.passThrough>,
      { method: request.method as string, target, headers: call.passed, body: null },
      { requestId: this.#id, traceparent: this.#story.traceparent },
    );
  }

  fail(error: unknown): void {
    const { response, request, connection } = this.found;
    const told = tellError(error instanceof Fault ? errorOfFault(error, connection) : error, {
      id: this.#id,
      log: this.parts.logger,
      story: this.#story,
      accept: request.headers.accept,
    });
    if (response.headersSent) {
      response.destroy(); // too late for an answer: cutting it off is the only way left to say that it is not whole
      return;
    }
    const length = { 'content-length': Buffer.byteLength(told.body) };
    for (const [name, value] of Object.entries({ ...told.headers, ...length }))
      response.setHeader(name, value);
    const ours = headersOf(this.#lines);
    for (let at = 0; at < ours.length; at += 2)
      response.setHeader(ours[at] as string, ours[at + 1] as string);
    response.writeHead(told.status).end(told.body);
  }

  /** The answer is over, or its caller has gone. */
  #over(): void {
    const { parts, found } = this;
    const { request, response, target, principal, started } = found;
    const { method, url } = request as { method: string; url: string };
    const route = /^\/[^?]/.test(target) ? nativeRoutes.below : nativeRoutes.bare;
    countAnswer(parts.metrics, { route, method }, response, started);
    parts.requests.answered(this.#story, { id: this.#id, method, url, principal, route }, response);
    if (!response.writableFinished) {
      this.leave();
      return;
    }
    sayEnded(parts.access, parts.logger, {
      id: this.#id,
      method,
      url,
      status: response.statusCode,
      started,
      principal: principal.id,
      traceId: this.#story.trace.traceId,
      now: Date.now(),
    });
  }
}
