import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Principal } from '../access/principal.ts';
import { clientAddress } from '../http/client-address.ts';
import type { Decision } from './decision.ts';
import type { ThrottleGuard } from './throttle.guard.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** whether the throttle has decided about it */
    counted: boolean;
  }
}

/** Whose limits a call is held to: a caller's own, or those of its address. */
export type Counted = Principal | 'stranger' | 'visitor';

/** Never refused: a probe that hears 429 restarts a gateway that is well, or takes it out of service. */
const probes = new Set(['/livez', '/readyz']);
/** Where somebody may try to become known: to begin a login, to give a password, to ask for a token. */
const doors = new Set(['/v1/login', '/oauth/authorize', '/oauth/interaction/:uid/login', '/oauth/token']);

/** By which limit a call is counted that needs no credentials. */
export function strangerOrVisitor({ routeOptions }: FastifyRequest): 'stranger' | 'visitor' {
  return doors.has(routeOptions.url ?? '') ? 'stranger' : 'visitor';
}

/** Counts calls where they come in, and puts what the throttle says on whatever answer they get. */
export class Admissions {
  /** refused by the front; the framework answers them, and they are not counted again for that */
  readonly #refused = new WeakMap<IncomingMessage, Decision>();

  #throttle!: ThrottleGuard;

  /** To be called before anything comes in. */
  use(throttle: ThrottleGuard): void {
    this.#throttle = throttle;
  }

  /** For the front: tells the headers of a ready answer, as lines; undefined where there must be none. */
  ofReady(principal: Principal, request: IncomingMessage, tell: (lines: string | undefined) => void): void {
    this.#throttle.ofPrincipal(principal, (decision) => {
      if (decision.refusal) this.#refused.set(request, decision);
      tell(decision.refusal ? undefined : decision.lines);
    });
  }

  /** For the hooks: sets the headers, and goes on with the refusal, if there is one. */
  count(
    counted: Counted,
    request: FastifyRequest,
    reply: FastifyReply,
    next: (refusal?: Error) => void,
  ): void {
    const goOn = ({ headers, refusal }: Decision) => {
      // On the bare answer, where nobody who writes one by hand can forget them.
      for (let at = 0; at < headers.length; at += 2) {
        reply.raw.setHeader(headers[at] as string, headers[at + 1] as string);
      }
      request.counted = true;
      next(refusal && !probes.has(request.routeOptions.url ?? '') ? refusal : undefined);
    };
    const refused = this.#refused.get(request.raw);
    if (refused) goOn(refused);
    else if (counted === 'visitor') goOn(this.#throttle.ofVisitor(clientAddress(request)));
    else if (counted === 'stranger') this.#throttle.ofStranger(clientAddress(request), goOn);
    else this.#throttle.ofPrincipal(counted, goOn);
  }

  /** For what is no request: the headers, raw. */
  ofSocket(address: string | undefined): readonly string[] {
    return this.#throttle.ofVisitor(address ?? 'unknown').headers;
  }
}
