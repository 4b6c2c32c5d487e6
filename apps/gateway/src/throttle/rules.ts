import { normalizeIp } from '@nestjs/throttler';
import type { Plan, Principal } from '../access/principal.ts';

export interface Limit {
  /** calls */
  readonly limit: number;
  readonly windowSeconds: number;
}

/** All limits that are settings. */
export interface Limits extends Readonly<Record<Plan, Limit>> {
  /** of one principal */
  readonly burst: Limit;
  readonly root: Limit;
  /** of one address that has not shown who it is */
  readonly address: Limit;
  /** of one address, for what is open to all */
  readonly open: Limit;
}

export interface Rule extends Limit {
  readonly name: string;
  /** whose calls are counted: one counter for each rule name and subject */
  readonly subject: string;
}

/** Every rule that one call has to pass. It counts for all of them, or, refused by one, for none. */
export interface RuleSet {
  readonly rules: readonly Rule[];
  /** the RateLimit-Policy field */
  readonly policy: string;
  /** of each rule, how its part of the RateLimit field begins */
  readonly openings: readonly string[];
}

/** A burst may always be so many times what a plan allows on average: else a large plan could not be used. */
const burstOverAverage = 2;

export class Rules {
  readonly #ofPrincipal = new WeakMap<Principal, RuleSet>();

  constructor(private readonly limits: Limits) {}

  /** A principal never changes: one whose plan did is another object, and gets its rules anew. */
  ofPrincipal(principal: Principal): RuleSet {
    let set = this.#ofPrincipal.get(principal);
    if (set === undefined) {
      set = this.#make(principal);
      this.#ofPrincipal.set(principal, set);
    }
    return set;
  }

  ofAddress(name: 'address' | 'open', address: string): RuleSet {
    return ruleSet([{ name, subject: normalizeIp(address), ...this.limits[name] }]);
  }

  #make({ id, team, everything }: Principal): RuleSet {
    const burst = everything ? this.limits.root : this.limits.burst;
    if (team === null) return ruleSet([{ name: 'burst', subject: id, ...burst }]);
    const { windowSeconds, limit: usual } = this.limits[team.plan];
    const plan =
      team.hourlyLimit === null
        ? { limit: usual, windowSeconds }
        : { limit: team.hourlyLimit, windowSeconds: 3600 };
    const average = (plan.limit / plan.windowSeconds) * burst.windowSeconds;
    return ruleSet([
      { name: 'plan', subject: team.id, ...plan },
      {
        name: 'burst',
        subject: id,
        ...burst,
        limit: Math.max(burst.limit, Math.ceil(average * burstOverAverage)),
      },
    ]);
  }
}

export function ruleSet(rules: readonly Rule[]): RuleSet {
  const policy = rules
    .map(({ name, limit, windowSeconds }) => `"${name}";q=${limit};w=${windowSeconds}`)
    .join(', ');
  const openings = rules.map(({ name }, index) => `${index === 0 ? '' : ', '}"${name}";r=`);
  return { rules, policy, openings };
}

/** The part of each limit that one of so many replicas may give on its own; never nothing. */
export function shareOf({ rules }: RuleSet, replicas: number): RuleSet {
  return ruleSet(rules.map((rule) => ({ ...rule, limit: Math.max(1, Math.floor(rule.limit / replicas)) })));
}
