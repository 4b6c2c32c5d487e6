import { ApiError } from '../answers/api-error.ts';
import type { Count, Taken } from './counters.ts';
import type { Rule } from './rules.ts';

/** The headers speak of a shorter rule than the plan as soon as less than this part of it is left. */
const nearlyUsed = 0.1;

const whose: Readonly<Record<string, string>> = {
  plan: 'the plan of this team allows',
  burst: 'one caller may make',
  address: 'one address may make, without a valid key or token,',
  open: 'one address may make',
};

/** What became of a call, and what every answer to it says of that, in the one form or the other. */
export class Decision {
  /** absent: it is admitted */
  readonly refusal?: ApiError;

  constructor(private readonly taken: Taken) {
    if (!taken.admitted) this.refusal = refusalOf(taken);
  }

  /** raw: name, value, name, … */
  get headers(): string[] {
    const { limit, left, end, fields, policy } = told(this.taken);
    const headers = ['x-ratelimit-limit', String(limit), 'x-ratelimit-remaining', String(left)];
    headers.push('x-ratelimit-reset', String(end), 'ratelimit', fields, 'ratelimit-policy', policy);
    if (this.taken.local) headers.push('x-fleetgate-throttle', 'local');
    return headers;
  }

  /** The same as lines of a head: made at once, as a ready answer costs little more than such texts. */
  get lines(): string {
    const { limit, left, end, fields, policy } = told(this.taken);
    const lines = `x-ratelimit-limit: ${limit}\r\nx-ratelimit-remaining: ${left}\r\nx-ratelimit-reset: ${end}\r\nratelimit: ${fields}\r\nratelimit-policy: ${policy}\r\n`;
    return this.taken.local ? `${lines}x-fleetgate-throttle: local\r\n` : lines;
  }
}

function refusalOf(taken: Taken): ApiError {
  const [rule, count] = refusing(taken);
  const seconds = secondsUntil(count, taken.now);
  const { limit, windowSeconds } = rule;
  return new ApiError(
    'rate_limited',
    `${whose[rule.name]} ${limit} ${limit === 1 ? 'call' : 'calls'} in ${windowSeconds} s: come again in ${seconds} s`,
    { retryAfterSeconds: seconds },
  );
}

/**
 * X-RateLimit-* knows one limit: the one that will stop the caller first. RateLimit and RateLimit-Policy
 * (draft-ietf-httpapi-ratelimit-headers) name them all.
 */
function told({ set, counts, now }: Taken) {
  let shown = 0;
  let left = Number.POSITIVE_INFINITY;
  let fields = '';
  for (let index = 0; index < counts.length; index++) {
    const rule = set.rules[index] as Rule;
    const count = counts[index] as Count;
    const leftOfIt = leftOf(rule, count);
    fields += `${set.openings[index]}${leftOfIt};t=${secondsUntil(count, now)}`;
    if (index > 0 && (leftOfIt >= left || leftOfIt > rule.limit * nearlyUsed)) continue;
    shown = index;
    left = leftOfIt;
  }
  const { limit } = set.rules[shown] as Rule;
  return { limit, left, end: (counts[shown] as Count).end, fields, policy: set.policy };
}

/** Of the rules that have nothing left, the one that lasts longest: before it ends, no call is admitted. */
function refusing({ set, counts }: Taken): [Rule, Count] {
  const used = set.rules.map((rule, index): [Rule, Count] => [rule, counts[index] as Count]);
  return used
    .filter(([rule, count]) => leftOf(rule, count) === 0)
    .reduce((longest, one) => (one[1].end > longest[1].end ? one : longest));
}

export function leftOf({ limit }: Rule, { used }: Count): number {
  return Math.max(0, limit - used);
}

function secondsUntil({ end }: Count, now: number): number {
  return Math.max(0, Math.ceil(end - now / 1000));
}
