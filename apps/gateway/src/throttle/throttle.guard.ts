import { type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import {
  InjectThrottlerOptions,
  InjectThrottlerStorage,
  ThrottlerGuard,
  type ThrottlerModuleOptions,
} from '@nestjs/throttler';
import type { FastifyRequest } from 'fastify';
import type { Principal } from '../access/principal.ts';
import type { Quota, QuotaLeft } from '../access/quota.ts';
import type { Count, Counters, Taken } from './counters.ts';
import { Decision, leftOf } from './decision.ts';
import { LocalCounters } from './local-counters.ts';
import { Rules } from './rules.ts';

/** How many calls this process has admitted and refused. */
export interface ThrottleFigures {
  admitted: number;
  refused: number;
  /** of both: by its own share, as Redis was lost */
  local: number;
}

/**
 * The one place that counts calls. Every answer needs the headers, those too that are given before Nest knows of a request
 * (ready lists, 401, 404, a body that cannot be read), so the front or the first hook of the server asks here. What the
 * library's guard does by itself is overridden: it counts by handler and address, one rule after the other, names its headers
 * after the rules, and on a 429 says nothing but Retry-After.
 */
@Injectable()
export class ThrottleGuard extends ThrottlerGuard implements Quota {
  readonly figures: ThrottleFigures = { admitted: 0, refused: 0, local: 0 };

  constructor(
    @InjectThrottlerOptions() options: ThrottlerModuleOptions,
    @InjectThrottlerStorage() private readonly counters: Counters,
    reflector: Reflector,
    private readonly rules: Rules,
    /** for what is open to all: a probe waits for nobody */
    private readonly ownCounters: LocalCounters,
  ) {
    super(options, counters, reflector);
  }

  /** Tells what it decides at once, or later, where Redis has to be asked. */
  ofPrincipal(principal: Principal, tell: (decision: Decision) => void): void {
    this.counters.take(this.rules.ofPrincipal(principal), (taken) => tell(this.#told(taken)));
  }

  /** Strict, for a caller that has not shown who it is. */
  ofStranger(address: string, tell: (decision: Decision) => void): void {
    this.counters.take(this.rules.ofAddress('address', address), (taken) => tell(this.#told(taken)));
  }

  /** Generous, for what is open to all. */
  ofVisitor(address: string): Decision {
    return this.#told(this.ownCounters.taken(this.rules.ofAddress('open', address)));
  }

  async left(principal: Principal): Promise<QuotaLeft | null> {
    const rules = this.rules.ofPrincipal(principal);
    const { set, counts } = await new Promise<Taken>((resolve) => this.counters.look(rules, resolve));
    const index = set.rules.findIndex(({ name }) => name === 'plan');
    const rule = set.rules[index];
    if (rule === undefined) return null;
    const count = counts[index] as Count;
    return { limit: rule.limit, remaining: leftOf(rule, count), reset: count.end };
  }

  /** It stands before every handler: none is reached by a call that was not counted, and none counts it again. */
  override async canActivate(context: ExecutionContext): Promise<boolean> {
    if (context.switchToHttp().getRequest<FastifyRequest>().counted) return true;
    throw new Error('a call has come to its handler without being counted');
  }

  #told(taken: Taken): Decision {
    this.figures[taken.admitted ? 'admitted' : 'refused'] += 1;
    if (taken.local) this.figures.local += 1;
    return new Decision(taken);
  }
}
