import { ApiError } from '../answers/api-error.ts';
import type { Count, Taken } from './counters.ts';
import type { Rule } from './rules.ts';

/** What became of a call, and what every answer to it says of that. */
export interface Decision {
  /** raw: name, value, name, … */
  readonly headers: readonly string[];
  /** absent: it is admitted */
  readonly refusal?: ApiError;
}

/** The headers speak of a shorter rule than the plan as soon as less than this part of it is left. */
const nearlyUsed = 0.1;

const whose: Readonly<Record<string, string>> = {
  plan: 'the plan of this team allows',
  burst: 'one caller may make',
  address: 'one address may make, without a valid key or token,',
  open: 'one address may make',
};

export function decisionOf(taken: Taken): Decision {
  const headers = headersOf(taken);
  if (taken.admitted) return { headers };
  const [rule, count] = refusing(taken);
  const seconds = secondsUntil(count, taken.now);
  const { limit, windowSeconds } = rule;
  return {
    headers,
    refusal: new ApiError(
      'rate_limited',
      `${whose[rule.name]} ${limit} ${limit === 1 ? 'call' : 'calls'} in ${windowSeconds} s: come again in ${seconds} s`,
      { retryAfterSeconds: seconds },
    ),
  };
}

/**
 * X-RateLimit-* knows one limit: the one that will stop the caller first. RateLimit and RateLimit-Policy
 * (draft-ietf-httpapi-ratelimit-headers) name them all.
 */
function headersOf({ set, counts, now, local }: Taken): string[] {
  let shown = 0;
  let shownLeft = Number.POSITIVE_INFINITY;
  let fields = '';
  for (let index = 0; index < counts.length; index++) {
    const rule = set.rules[index] as Rule;
    const count = counts[index] as Count;
    const left = leftOf(rule, count);
    fields += `${index === 0 ? '' : ', '}"${rule.name}";r=${left};t=${secondsUntil(count, now)}`;
    if (index > 0 && (left >= shownLeft || left > rule.limit * nearlyUsed)) continue;
    shown = index;
    shownLeft = left;
  }
  const headers = [
    'x-ratelimit-limit',
    String((set.rules[shown] as Rule).limit),
    'x-ratelimit-remaining',
    String(shownLeft),
    'x-ratelimit-reset',
    String((counts[shown] as Count).end),
    'ratelimit',
    fields,
    'ratelimit-policy',
    set.policy,
  ];
  if (local) headers.push('x-fleetgate-throttle', 'local');
  return headers;
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
