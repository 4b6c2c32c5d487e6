import { pauseMs } from '../src/rate-headers.ts';

const now = Date.parse('2026-03-01T09:30:00Z');
const seconds = now / 1000;
const of = (headers: Record<string, string>, status = 200) => pauseMs({ status, headers }, now);

describe('the pause that an answer asks for', () => {
  it.each([
    ['Retry-After of a 429', 429, { 'retry-after': '7' }, 7_000],
    ['Retry-After before all others', 429, { 'retry-after': '7', ratelimit: '"x";r=0;t=30' }, 7_000],
    ['Retry-After of anything else, which the retry obeys', 503, { 'retry-after': '7' }, 0],
    ['seconds', 200, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '12' }, 12_000],
    ['part of a second', 200, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '0.25' }, 250],
    [
      'epoch in seconds',
      429,
      { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': `${seconds + 12}` },
      12_000,
    ],
    [
      'epoch in milliseconds',
      200,
      { 'ratelimit-remaining': '0', 'ratelimit-reset': `${now + 1_200}` },
      1_200,
    ],
    [
      'epoch by the upstream’s own clock',
      200,
      {
        date: 'Sun, 01 Mar 2026 10:30:00 GMT',
        'ratelimit-remaining': '0',
        'ratelimit-reset': `${seconds + 3_612}`,
      },
      12_000,
    ],
    ['of the present draft', 200, { ratelimit: '"x";r=0;t=30' }, 30_000],
    ['the longest of those used up', 200, { ratelimit: '"x";r=0;t=3, "y";r=0;t=9, "z";r=1;t=60' }, 9_000],
    ['of the older draft', 200, { ratelimit: 'limit=10, remaining=0, reset=7' }, 7_000],
  ])('%s', (_, status, headers, ms) => {
    expect(of(headers, status)).toBe(ms);
  });

  it.each([
    [{}],
    [{ 'x-ratelimit-remaining': '1', 'x-ratelimit-reset': '12' }],
    [{ 'x-ratelimit-remaining': '0' }],
    [{ 'x-ratelimit-reset': '12' }],
    [{ 'x-ratelimit-remaining': '', 'x-ratelimit-reset': '12' }],
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '-12' }],
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '1e3' }],
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': `${seconds - 12}` }],
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': `${seconds + 90_000}` }],
    [{ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '99999999' }],
    [{ 'x-ratelimit-remaining': '0, 5', 'x-ratelimit-reset': '12' }],
    [{ ratelimit: '"x";r=2;t=30' }],
    [{ ratelimit: 'limit=10, remaining=3, reset=7' }],
    [{ ratelimit: 'soon' }],
  ])('none: %j', (headers) => {
    expect(of(headers)).toBe(0);
  });
});
