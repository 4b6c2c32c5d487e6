import { ErrorBody } from '@fleetgate/model';
import type { Answer } from '../e2e/stack.ts';

const perMinute = (limit: number) => ({ limit, windowSeconds: 60 });
const perHour = (limit: number) => ({ limit, windowSeconds: 3600 });

/** Limits that a test can reach. */
export const lowLimits = {
  free: perHour(100),
  pro: perHour(1000),
  enterprise: perHour(10_000),
  burst: perMinute(150),
  root: perMinute(100_000),
  address: perMinute(20),
  open: perMinute(60),
};

export interface Told {
  limit: number;
  remaining: number;
  reset: number;
  policies: Record<string, { r: number; t: number; q: number; w: number }>;
}

/** What the headers say; fails where one is missing or says something else than the others. */
export function told({ headers }: Pick<Answer, 'headers'>): Told {
  const parameters = (field: string) =>
    Object.fromEntries(
      field.split(', ').map((item) => {
        const [, name, values] = /^"([a-z]+)"((?:;[a-z]=\d+)+)$/.exec(item) as unknown as [
          string,
          string,
          string,
        ];
        const pairs = values
          .slice(1)
          .split(';')
          .map((pair) => [pair[0], Number(pair.slice(2))]);
        return [name, Object.fromEntries(pairs)];
      }),
    );
  const states = parameters(headers['ratelimit'] as string);
  const policies = parameters(headers['ratelimit-policy'] as string);
  expect(Object.keys(states)).toEqual(Object.keys(policies));
  const [limit, remaining, reset] = ['limit', 'remaining', 'reset'].map((name) => {
    expect(headers[`x-ratelimit-${name}`]).toMatch(/^\d+$/);
    return Number(headers[`x-ratelimit-${name}`]);
  }) as [number, number, number];
  for (const [name, { q, w }] of Object.entries(policies)) {
    expect(states[name].r).toBeLessThanOrEqual(q);
    expect(states[name].t).toBeLessThanOrEqual(w);
  }
  const shown = Object.keys(policies).find(
    (name) => policies[name].q === limit && states[name].r === remaining,
  );
  expect(Math.abs(Date.now() / 1000 + states[shown as string].t - reset)).toBeLessThan(30);
  const merged = Object.entries(policies).map(([name, policy]) => [name, { ...policy, ...states[name] }]);
  return { limit, remaining, reset, policies: Object.fromEntries(merged) };
}

export function refused(answer: Answer): Told {
  expect(answer.status).toBe(429);
  const { error } = ErrorBody.parse(answer.body);
  expect(error).toMatchObject({ code: 'rate_limited', status: 429 });
  const facts = told(answer);
  expect(facts.remaining).toBe(0);
  const wait = Number(answer.headers['retry-after']);
  expect(wait).toBeGreaterThanOrEqual(1);
  expect(
    Object.values(facts.policies)
      .filter(({ r }) => r === 0)
      .map(({ t }) => t),
  ).toContain(wait);
  return facts;
}

export const times = <T>(count: number, ask: (n: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, n) => ask(n)));
export function statuses(answers: readonly Answer[]): Record<number, number> {
  const counted: Record<number, number> = {};
  for (const { status } of answers) counted[status] = (counted[status] ?? 0) + 1;
  return counted;
}
