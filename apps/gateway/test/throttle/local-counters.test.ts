import { Decision } from '../../src/throttle/decision.ts';
import { LocalCounters } from '../../src/throttle/local-counters.ts';
import { type Rule, ruleSet } from '../../src/throttle/rules.ts';

const start = Date.parse('2026-03-01T10:00:00.400Z');
const startSeconds = Math.floor(start / 1000);

let now = start;
const clock = { now: () => now };
beforeEach(() => {
  now = start;
});

const plan = (limit: number, subject = 'team_a'): Rule => ({
  name: 'plan',
  subject,
  limit,
  windowSeconds: 3600,
});
const burst = (limit: number, subject = 'key_a'): Rule => ({
  name: 'burst',
  subject,
  limit,
  windowSeconds: 10,
});

it('admits as many as the limit in one window, and again from the very moment in which it ends', () => {
  const counters = new LocalCounters(clock);
  const set = ruleSet([burst(3)]);
  const admitted = () => Array.from({ length: 5 }, () => counters.taken(set).admitted);
  expect(admitted()).toEqual([true, true, true, false, false]);
  const end = counters.taken(set).counts[0]?.end as number;
  expect(end).toBe(startSeconds + 10);
  now = end * 1000 - 1;
  expect(counters.taken(set).admitted).toBe(false);
  now = end * 1000;
  expect(admitted()).toEqual([true, true, true, false, false]);
  expect(counters.looked(set).counts).toEqual([{ used: 3, end: end + 10 }]);
});

it('counts a call that one rule refuses for none of the others', () => {
  const counters = new LocalCounters(clock);
  const set = ruleSet([plan(10), burst(2)]);
  for (let call = 0; call < 5; call++) counters.taken(set);
  expect(counters.looked(set).counts.map(({ used }) => used)).toEqual([2, 2]);
  now += 11_000;
  expect(counters.taken(set)).toMatchObject({ admitted: true, counts: [{ used: 3 }, { used: 1 }] });
});

it('has one counter for each rule and subject: a team is counted over all its keys, and nobody for another', () => {
  const counters = new LocalCounters(clock);
  counters.taken(ruleSet([plan(2), burst(5, 'key_a')]));
  counters.taken(ruleSet([plan(2), burst(5, 'key_b')]));
  expect(counters.taken(ruleSet([plan(2), burst(5, 'key_c')])).admitted).toBe(false);
  expect(counters.taken(ruleSet([plan(2, 'team_b'), burst(5, 'key_d')])).admitted).toBe(true);
});

it('goes by the limit of the moment: a plan that is raised or lowered keeps what was used', () => {
  const counters = new LocalCounters(clock);
  for (let call = 0; call < 100; call++) counters.taken(ruleSet([plan(100)]));
  expect(counters.taken(ruleSet([plan(100)])).admitted).toBe(false);
  expect(counters.taken(ruleSet([plan(1000)]))).toMatchObject({ admitted: true, counts: [{ used: 101 }] });
  expect(counters.taken(ruleSet([plan(50)])).admitted).toBe(false);
});

it('looks without counting', () => {
  const counters = new LocalCounters(clock);
  const set = ruleSet([plan(2)]);
  for (let look = 0; look < 5; look++) expect(counters.looked(set).counts[0]?.used).toBe(0);
  expect(counters.taken(set)).toMatchObject({ admitted: true, counts: [{ used: 1 }] });
});

it('stays small under a crowd of subjects, which push out those of their own rule that have been quiet', () => {
  const counters = new LocalCounters(clock);
  const of = (subject: string) => ruleSet([burst(2, subject)]);
  counters.taken(ruleSet([plan(2)]));
  counters.taken(of('quiet'));
  for (let n = 0; n < 200_000; n++) {
    counters.taken(of(`crowd-${n}`));
    if (n % 1000 === 0) counters.taken(of('busy'));
  }
  expect(counters.looked(of('quiet')).counts[0]?.used).toBe(0);
  expect(counters.taken(of('busy')).admitted).toBe(false);
  expect(counters.looked(ruleSet([plan(2)])).counts[0]?.used).toBe(1);
  expect(counters.drain()).toHaveLength(50_001);
});

it('speaks the language of the library: one rule at a time, milliseconds in and seconds out', async () => {
  const counters = new LocalCounters(clock);
  const hit = () => counters.increment('key_a', 10_000, 2, 0, 'burst');
  expect(await hit()).toEqual({ totalHits: 1, timeToExpire: 10, isBlocked: false, timeToBlockExpire: 0 });
  await hit();
  expect(await hit()).toEqual({ totalHits: 3, timeToExpire: 10, isBlocked: true, timeToBlockExpire: 10 });
});

describe('what is told of it', () => {
  const headersOf = (counters: LocalCounters, rules: readonly Rule[]) => {
    const { headers, refusal } = new Decision(counters.taken(ruleSet(rules)));
    const named = Object.fromEntries(
      headers.flatMap((name, at) => (at % 2 ? [] : [[name, headers[at + 1]]])),
    );
    return { ...named, retryAfter: refusal?.facts.retryAfterSeconds };
  };

  it('is the plan, with all rules in the fields of the IETF', () => {
    expect(headersOf(new LocalCounters(clock), [plan(1000), burst(500)])).toEqual({
      'x-ratelimit-limit': '1000',
      'x-ratelimit-remaining': '999',
      'x-ratelimit-reset': String(startSeconds + 3600),
      ratelimit: '"plan";r=999;t=3600, "burst";r=499;t=10',
      'ratelimit-policy': '"plan";q=1000;w=3600, "burst";q=500;w=10',
      retryAfter: undefined,
    });
  });

  it('is a shorter rule once little is left of it, less than of the plan', () => {
    const counters = new LocalCounters(clock);
    const told = Array.from({ length: 21 }, () => headersOf(counters, [plan(1000), burst(20)]));
    expect(told[16]).toMatchObject({ 'x-ratelimit-limit': '1000', 'x-ratelimit-remaining': '983' });
    expect(told[17]).toMatchObject({ 'x-ratelimit-limit': '20', 'x-ratelimit-remaining': '2' });
    expect(told[20]).toMatchObject({ 'x-ratelimit-remaining': '0', retryAfter: 10 });
    const nearlyNothing = new LocalCounters(clock);
    expect(headersOf(nearlyNothing, [plan(1), burst(20)])).toMatchObject({ 'x-ratelimit-limit': '1' });
  });

  it('is, refused by two rules, the wait for the later one', () => {
    const counters = new LocalCounters(clock);
    const rules = [plan(2), burst(2)];
    headersOf(counters, rules);
    headersOf(counters, rules);
    now += 1000;
    expect(headersOf(counters, rules)).toMatchObject({ 'x-ratelimit-limit': '2', retryAfter: 3599 });
  });
});
